(() => {
  "use strict";

  // A report without some of its data stays readable: only what needs the missing part is left out.
  const choosers = []; // a function a plot, of the run that somebody chose
  const zoomers = []; // a function a plot over time, of the part of it that somebody wants to see; null for all
  const data = JSON.parse(document.getElementById("data")?.textContent || "{}");
  document.querySelectorAll("figure.plot").forEach(makeHoverable);
  const zoom = zoomControls(document.querySelector(".controls.zoom"));
  animate(document.getElementById("motion"));
  openDetailsForPrint();

  function svgChild(parent, name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    set(element, attributes);
    return parent.appendChild(element);
  }

  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  }

  /** Four significant digits; a whole number as such. */
  function number(value) {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value).replace("-", "\u2212");
    const digits = value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(3) : value.toPrecision(4);
    return digits.replace("e+", "e").replaceAll("-", "\u2212");
  }

  // ---- Plots: the nearest point under the pointer ----

  function makeHoverable(figure) {
    const plot = data.plots?.[figure.dataset.plot];
    const svg = figure.querySelector("svg");
    if (!plot || !svg) return;
    const clip = clipToFrame(svg, plot.frame, `frame-${figure.dataset.plot}`);
    const redraw = plot.zooms ? makeZoomable(svg, plot, clip) : null;
    const chosen = svgChild(svgChild(svg, "g", { class: "hover" }), "path", { "clip-path": clip });
    let run = null; // the one that is outlined
    const outlineChosen = () => {
      const one = plot.series?.find((series) => series.run === run && !series.ink);
      set(chosen, { d: one ? outline(project(plot, one)) : "" });
    };
    choosers.push((index) => {
      run = index;
      outlineChosen();
    });
    const mark = svgChild(svg, "g", { class: "hover", visibility: "hidden" });
    const curve = svgChild(mark, "path", { "clip-path": clip });
    const dot = svgChild(mark, "circle", { r: 13 });
    const tooltip = figure.appendChild(document.createElement("div"));
    set(tooltip, { class: "tooltip", role: "status", hidden: "" });
    tooltip.innerHTML = '<span class="what"></span> <span class="x"></span> <span class="y"></span>';
    set(svg, { tabindex: 0 });
    let series = null; // computed at the first hover: most plots of a page are never touched
    let shown = null;

    const find = (x, y) => nearest((series ??= (plot.series ?? []).map((one) => project(plot, one))), x, y, plot.frame);
    const show = (point) => {
      if (!point) return;
      if (point.of !== shown?.of) set(curve, { d: point.of.isRun ? outline(point.of) : "" });
      shown = point;
      figure.dataset.at = point.at; // for what a click chooses
      set(dot, { cx: point.of.px[point.at], cy: point.of.py[point.at] });
      set(mark, { visibility: "visible" });
      describe(tooltip, plot, point);
    };
    const follow = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      show(find(at.x, at.y));
    };
    const hide = () => {
      set(mark, { visibility: "hidden" });
      tooltip.hidden = true;
    };
    const focus = () => {
      const [left, top, right, bottom] = plot.frame;
      if (svg.matches(":focus-visible")) show(shown ?? find((left + right) / 2, (top + bottom) / 2));
    };
    const walk = (event) => {
      const at = shown?.at + { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!shown || !isInside(plot.frame, shown.of.px[at], shown.of.py[at])) return;
      event.preventDefault();
      show({ of: shown.of, at });
    };
    const leave = (event) => event.pointerType !== "touch" && hide(); // what a finger tapped stays till it taps elsewhere
    const listeners = { pointermove: follow, pointerdown: follow, pointercancel: hide, pointerleave: leave, focus, blur: hide, keydown: walk };
    for (const [type, listener] of Object.entries(listeners)) svg.addEventListener(type, listener);
    if (!redraw) return;
    zoomers.push((part) => {
      redraw(part);
      [series, shown] = [null, null];
      hide();
      outlineChosen();
    });
  }

  /** The points of a series in units of the viewBox; NaN where there is no number. */
  function project(plot, series) {
    const columns = series.table ? data.tables?.[series.table] : data.runs?.[series.run]?.columns;
    const [xs, ys] = [columns?.[series.x] ?? [], columns?.[series.y] ?? []];
    const [left, top, right, bottom] = plot.frame;
    const place = (value, [low, high], from, to, scale) =>
      value === null ? NaN : from + ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (to - from);
    const [along, up] = [plot.log_x, plot.log_y].map((isLogarithmic) => (isLogarithmic ? Math.log10 : (v) => v));
    const px = xs.map((x) => place(x, plot.x_range, left, right, along));
    const py = ys.map((y) => place(y, plot.y_range, bottom, top, up));
    const { label = "", ink, run, table } = series;
    const [isRun, isWorst] = [!table && !ink, run === data.worst && !ink];
    return { label, ink, isRun, isWorst, omegas: columns?.[series.along], tells: (series.tells ?? []).map((name) => [name, columns?.[name]]), xs, ys, px, py };
  }

  /** Whether a point can be seen; never where it is NaN. */
  function isInside([left, top, right, bottom], x, y) {
    return x >= left - 0.01 && x <= right + 0.01 && y >= top - 0.01 && y <= bottom + 0.01;
  }

  function nearest(series, x, y, frame) {
    let [best, least] = [null, Infinity];
    for (const of of series) {
      for (let at = 0; at < of.px.length; at++) {
        const distance = (of.px[at] - x) ** 2 + (of.py[at] - y) ** 2;
        if (distance < least && isInside(frame, of.px[at], of.py[at])) [best, least] = [{ of, at }, distance];
      }
    }
    return best;
  }

  function outline({ px, py }) {
    let pen = "M"; // lifted where there is no number
    return px.map((x, at) => {
      const known = Number.isFinite(x + py[at]);
      const step = known ? `${pen}${x.toFixed(1)} ${py[at].toFixed(1)}` : "";
      pen = known ? "L" : "M";
      return step;
    }).join("");
  }

  function describe(tooltip, plot, { of, at }) {
    const quantity = (label = "", value) => {
      const [name, unit] = label.split(", ");
      return [`${name} `, Object.assign(document.createElement("b"), { textContent: number(value) }), unit ? ` ${unit}` : ""];
    };
    const [what, x, y] = tooltip.children;
    const told = of.tells.map(([name, values]) => `${name} ${typeof values[at] === "string" ? values[at] : number(values[at])}`).join(", ");
    what.textContent = of.label + (of.omegas ? ` at ${number(of.omegas[at])} rad/s` : "") + (told && `: ${told}`);
    x.replaceChildren(...quantity(plot.x_label, of.xs[at]));
    y.replaceChildren(...quantity(plot.y_label, of.ys[at]));
    tooltip.hidden = false;
  }

  // ---- Zoom: one part of the time in all plots over time ----

  /** A reference to a clip path that keeps what is drawn within the frame of a plot. */
  function clipToFrame(svg, [left, top, right, bottom], id) {
    const clip = svgChild(svg, "clipPath", { id });
    svgChild(clip, "rect", { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8 });
    return `url(#${id})`;
  }

  /** Lets a pointer choose a part of the time; the function that draws a part. */
  function makeZoomable(svg, plot, clip) {
    const whole = plot.x_range;
    const [left, top, right, bottom] = plot.frame;
    const marks = svg.querySelector(".marks");
    const [ticks, curves] = [{ class: "ticks" }, { class: "part", "clip-path": clip }].map((attributes) => svgChild(svg, "g", attributes));
    marks.before(ticks);
    marks.after(curves);
    const label = wholeMarks(svg, plot.frame).find((element) => element.tagName === "text");
    const band = svgChild(svg, "rect", { class: "band", y: top, height: bottom - top, width: 0 });
    let from = null;

    const at = ({ clientX, clientY }) => {
      const { x } = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
      return Math.max(left, Math.min(right, x));
    };
    const time = (x) => plot.x_range[0] + ((x - left) / (right - left)) * (plot.x_range[1] - plot.x_range[0]);
    const begin = (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return; // a finger has the fields above the plots
      from = at(event);
      svg.setPointerCapture(event.pointerId);
    };
    const drag = (event) => from !== null && set(band, { x: Math.min(from, at(event)), width: Math.abs(at(event) - from) });
    const cancel = () => {
      from = null;
      set(band, { width: 0 });
    };
    const end = (event) => {
      const ends = [from ?? 0, at(event)].sort((a, b) => a - b);
      const isDrag = from !== null && ends[1] - ends[0] > 24; // less is a click
      cancel();
      if (isDrag) zoom(ends.map(time));
    };
    const escape = (event) => event.key === "Escape" && zoom(null);
    const listeners = { pointerdown: begin, pointermove: drag, pointerup: end, pointercancel: cancel, dblclick: () => zoom(null), keydown: escape };
    for (const [type, listener] of Object.entries(listeners)) svg.addEventListener(type, listener);
    set(svg, { "data-zooms": "" });

    return (part) => {
      plot.x_range = part ?? whole;
      svg.classList.toggle("zoomed", part !== null);
      ticks.replaceChildren();
      curves.replaceChildren();
      if (!part) return;
      for (const { value, text } of roundValues(...part)) {
        const x = left + ((value - part[0]) / (part[1] - part[0])) * (right - left);
        svgChild(ticks, "line", { x1: x, x2: x, y1: top, y2: bottom, stroke: "var(--grid)", "stroke-width": 3 });
        const copy = ticks.appendChild(label.cloneNode());
        copy.classList.remove("whole");
        set(copy, { x });
        copy.textContent = text;
      }
      const layer = (one) => (one.isWorst ? 2 : one.ink ? 0 : 1); // set points below, the worst on top
      const series = plot.series.map((one) => project(plot, one)).sort((a, b) => layer(a) - layer(b));
      for (const one of series) {
        const [ink, width] = one.ink ? [one.ink, 4] : one.isWorst ? ["accent", 6] : ["muted", 3];
        const look = { stroke: `var(--${ink})`, "stroke-width": width };
        svgChild(curves, "path", { d: outline(one), ...look });
      }
    };
  }

  /** Marks what shows the whole run and must go while a part is shown: the curves, and the ticks along the time. */
  function wholeMarks(svg, [, , , bottom]) {
    const flat = (points) => new Set(points.trim().split(/\s+/).map((point) => point.split(",")[0])).size === 1;
    const isWhole = (element) => {
      const of = (name) => element.getAttribute(name) ?? "";
      if (element.parentNode !== svg) return element.parentNode.matches(".marks") && of("stroke-width") !== "2"; // a hair is a limit
      if (element.tagName === "line") return of("x1") === of("x2");
      if (element.tagName === "text") return of("y") > bottom && of("y") < bottom + 60; // below it is the label of the axis
      return element.tagName === "polyline" && flat(of("points")) && parseFloat(of("points").split(",")[1]) >= bottom;
    };
    const whole = [...svg.querySelectorAll("line, text, polyline")].filter(isWhole);
    whole.forEach((element) => element.classList.add("whole"));
    return whole;
  }

  /** Three to nine round numbers between two. */
  function roundValues(low, high) {
    const rough = (high - low) / 5;
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * decade).find((candidate) => candidate >= 0.6 * rough) ?? rough;
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, k) => ({ value: (first + k) * step, text: ((first + k) * step).toFixed(digits) }));
  }

  /** The fields above the plots, for keyboards and fingers; the function that shows a part of the time everywhere. */
  function zoomControls(controls) {
    const whole = Object.values(data.plots ?? {}).find((plot) => plot.zooms)?.x_range;
    if (!controls || !whole || !zoomers.length) return () => {};
    const [from, to, reset] = ["#zoom-from", "#zoom-to", "#zoom-reset"].map((part) => controls.querySelector(part));
    let shown = whole;
    const show = (part) => {
      const [low, high] = (part ?? whole).map((time) => Math.max(whole[0], Math.min(whole[1], time)));
      const isPart = high - low >= 1e-4 * (whole[1] - whole[0]) && high - low < whole[1] - whole[0];
      if (isPart || !part) {
        shown = isPart ? [low, high] : whole;
        zoomers.forEach((draw) => draw(isPart ? shown : null));
      }
      [from.value, to.value] = shown.map((time) => Number(time.toPrecision(4)));
      reset.disabled = shown === whole;
    };
    for (const field of [from, to]) {
      set(field, { max: whole[1] });
      field.addEventListener("change", () => show([Number(from.value), to.value === "" ? whole[1] : Number(to.value)]));
    }
    reset.addEventListener("click", () => show(null));
    controls.hidden = false;
    show(null);
    return show;
  }

  // ---- Animation ----

  function animate(section) {
    const [stage, play, seek, clock, speed, scenario] = [".stage", "#play", "#seek", "#clock", "#speed", "#scenario"].map((part) => section?.querySelector(part));
    if (!stage || !play || !seek || !clock || !speed || !scenario) return;
    const playable = (run) => run?.columns?.t?.length > 1 && run.columns[data.cart] && (data.links ?? []).every(({ angle }) => run.columns[angle]);
    const first = playable(data.runs?.[data.worst]) ? data.worst : (data.runs ?? []).findIndex(playable);
    if (first < 0) {
      section.hidden = true;
      return;
    }
    let run, pose, end, width, before;
    let time = 0;
    let playing = false;

    const draw = () => {
      pose(time);
      clock.textContent = `${time.toFixed(2)} s`;
      seek.value = (time / end) * 1000;
      set(seek, { "aria-valuetext": clock.textContent });
    };
    const build = () => {
      width = stage.clientWidth;
      pose = buildScene(stage, run);
      draw();
    };
    const choose = (index) => {
      if (playable(data.runs[index])) run = data.runs[index];
      end = run.columns.t.at(-1);
      time = 0;
      build();
    };
    const frame = (now) => {
      if (!playing) return;
      time += (Math.min(now - (before ?? now), 100) / 1000) * speed.value; // a tab that was hidden does not jump
      time = Math.min(time, end);
      before = now;
      draw();
      if (time < end) requestAnimationFrame(frame);
      else toggle();
    };
    const toggle = () => {
      playing = !playing;
      play.textContent = playing ? "Pause" : "Play";
      if (!playing) return;
      if (time >= end) time = 0;
      before = null;
      requestAnimationFrame(frame);
    };

    play.addEventListener("click", toggle);
    scenario.addEventListener("change", () => {
      choose(scenario.value);
      const index = Number(scenario.value);
      const outlined = index === data.worst ? null : index; // the worst stands out already
      choosers.forEach((outlineRun) => outlineRun(outlined));
      nameOutlined(data.runs[outlined]?.name);
    });
    seek.addEventListener("input", () => {
      time = (seek.value / 1000) * end;
      draw();
    });
    section.addEventListener("keydown", (event) => {
      if (event.key !== " " || ["BUTTON", "SELECT"].includes(event.target.tagName)) return; // they use it themselves
      event.preventDefault();
      toggle();
    });
    new ResizeObserver(() => {
      if (stage.clientWidth > 0 && stage.clientWidth !== width) build();
    }).observe(stage);
    set(stage, { tabindex: 0 });
    scenario.value = first; // a reload may have kept another choice
    choose(first);
  }

  /** Says beside the other colours what is outlined. */
  function nameOutlined(name) {
    for (const legend of document.querySelectorAll("#trajectories .legend, #phase .legend")) {
      legend.querySelector(".outlined")?.remove();
      if (!name) continue;
      const entry = legend.appendChild(document.createElement("span"));
      set(entry, { class: "swatch outlined", style: "--swatch: var(--series1)" });
      entry.textContent = `the scenario of the animation (${name})`;
    }
  }

  /** A function of (column, time): cubic between samples where the rate is known, for slow motion; else linear. */
  function sampler(columns) {
    const t = columns.t;
    return (name, time) => {
      let [low, high] = [0, t.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (t[middle] <= time) low = middle;
        else high = middle;
      }
      const [values, rates] = [columns[name], columns[`${name}_dot`]];
      const [step, rise] = [t[high] - t[low], values[high] - values[low]];
      const s = Math.max(0, Math.min(1, (time - t[low]) / step));
      const bend = rates ? s * (1 - s) * ((1 - s) * (rates[low] * step - rise) - s * (rates[high] * step - rise)) : 0;
      return values[low] + s * rise + bend;
    };
  }

  /** Draws what stands still and returns the function of time that moves the rest. Metres; height 0 is the cart's pivot. */
  function buildScene(stage, run) {
    const at = sampler(run.columns);
    const links = data.links ?? [];
    const joints = (time) => {
      let [x, y] = [at(data.cart, time), 0];
      const along = ({ angle, length }) => [(x += length * Math.sin(at(angle, time))), (y += length * Math.cos(at(angle, time)))];
      return [[x, y], ...links.map(along)];
    };
    const reach = links.reduce((sum, link) => sum + link.length, 0) || 1;
    const places = run.columns.t.flatMap(joints).filter(([x, y]) => Number.isFinite(x + y));
    const left = places.reduce((least, [x]) => Math.min(least, x), Infinity) - 0.4 * reach;
    const right = places.reduce((most, [x]) => Math.max(most, x), -Infinity) + 0.4 * reach;
    const lowest = places.reduce((least, [, y]) => Math.min(least, y), 0);

    // One unit is a CSS pixel: lines and letters have one size on every screen.
    const width = Math.max(240, stage.clientWidth);
    const scale = Math.min(width / (right - left), Math.max(200, Math.min(420, 0.6 * width)) / (reach - lowest));
    const cart = Math.max(22, Math.min(80, 0.32 * reach * scale));
    const px = (x) => width / 2 + (x - (left + right) / 2) * scale;
    const py = (y) => 40 + (reach - y) * scale;
    const floor = py(0) + 0.58 * cart;
    // Below the track, or below what hangs below it.
    const height = Math.round(Math.max(floor, py(lowest) > floor ? py(lowest) + 10 : 0) + 30);

    const svg = svgChild(stage, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Motion of scenario ${run.name ?? ""}` });
    stage.replaceChildren(svg);
    drawTrack(svg, width, px, [floor, height - 9], scale);
    const plumb = svgChild(svg, "line", { class: "plumb", y1: py(0), y2: py(reach) - 8 });
    const trace = Array.from({ length: 24 }, (_, i) => svgChild(svg, "polyline", { class: "trace", opacity: 0.9 * ((i + 1) / 24) ** 1.6 }));
    const wagon = drawCart(svg, cart, py(0));
    const force = svgChild(svg, "path", { class: "force" });
    const rods = links.map((_, i) => svgChild(svg, "line", { class: "link", stroke: `var(--series${[1, 3, 4, 2][i % 4]})`, "stroke-width": Math.max(4, 0.13 * cart) }));
    const dots = [0, ...links].map(() => svgChild(svg, "circle", { class: "joint", r: Math.max(3, 0.075 * cart) }));
    const readout = svgChild(svg, "text", { x: 14, y: 24 });
    const verdict = svgChild(svg, "text", { class: "verdict", x: width - 14, y: 24, "text-anchor": "end" });

    return (time) => {
      const points = joints(time).map(([x, y]) => [px(x), py(y)]);
      const x = points[0][0];
      set(wagon, { transform: `translate(${x} 0)` });
      set(plumb, { x1: x, x2: x });
      rods.forEach((rod, i) => set(rod, { x1: points[i][0], y1: points[i][1], x2: points[i + 1][0], y2: points[i + 1][1] }));
      dots.forEach((dot, i) => set(dot, { cx: points[i][0], cy: points[i][1] }));
      trace.forEach((line, i) => set(line, { points: tipPath(trace.length - i) }));
      if (run.columns[data.force]) {
        const push = at(data.force, time);
        readout.textContent = `force ${number(Math.abs(push) < 1e-4 * (data.u_max || 0) ? 0 : push)} N`;
        set(force, { d: arrow(x, py(0) + 0.21 * cart, cart / 2 + 5, (push / (data.u_max || 1)) * Math.max(50, 0.45 * reach * scale), width) });
      }
      const failed = run.survived === false && time >= run.columns.t.at(-1);
      verdict.textContent = failed ? `failed at ${time.toFixed(2)} s` : "";

      function tipPath(age) {
        const tips = [0, 1, 2, 3, 4, 5].map((k) => joints(Math.max(0, time - age * 0.05 + k * 0.01)).at(-1));
        return tips.map((tip) => `${px(tip[0]).toFixed(1)},${py(tip[1]).toFixed(1)}`).join(" ");
      }
    };
  }

  function drawTrack(svg, width, px, [floor, below], scale) {
    svgChild(svg, "line", { class: "track", x1: 0, x2: width, y1: floor, y2: floor });
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((metres) => metres * scale >= Math.max(64, width / 10)) ?? 20;
    for (let k = Math.ceil((20 - px(0)) / scale / step); px(k * step) < width - 20; k++) {
      const x = px(k * step);
      svgChild(svg, "line", { class: "tick", x1: x, x2: x, y1: floor, y2: floor + 6 });
      const label = svgChild(svg, "text", { x, y: below, "text-anchor": "middle" });
      label.textContent = `${Number((k * step).toFixed(1))} m`.replace("-", "\u2212");
    }
    for (const limit of data.track ? [px(-data.track), px(data.track)] : []) {
      svgChild(svg, "line", { class: "stop", x1: limit, x2: limit, y1: floor - 18, y2: floor });
    }
  }

  function drawCart(svg, width, pivot) {
    const group = svgChild(svg, "g", { class: "cart" });
    svgChild(group, "rect", { class: "body", x: -width / 2, y: pivot, width, height: 0.42 * width, rx: 0.08 * width });
    for (const x of [-0.28 * width, 0.28 * width]) svgChild(group, "circle", { class: "wheel", cx: x, cy: pivot + 0.44 * width, r: 0.14 * width - 1 });
    return group;
  }

  /** An arrow that ends within the stage; none where its head would be too small to be seen as one. */
  function arrow(x, y, gap, length, width) {
    const way = Math.sign(length);
    const from = x + way * gap;
    const to = Math.max(3, Math.min(width - 3, from + length));
    const long = (to - from) * way;
    const head = Math.min(9, 0.6 * long);
    const [back, wing] = [to - way * head, (2 / 3) * head];
    return long < 6 ? "" : `M${from} ${y}H${to}M${back} ${y - wing}L${to} ${y}L${back} ${y + wing}`;
  }

  /** A closed <details> would be missing on paper. */
  function openDetailsForPrint() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
  }
})();
