(() => {
  "use strict";

  // A report without some of its data stays readable: only what needs the missing part is left out.
  const choosers = []; // a function a plot, of the run that somebody chose
  const data = JSON.parse(document.getElementById("data")?.textContent || "{}");
  document.querySelectorAll("table").forEach(alignDecimals);
  document.querySelectorAll("figure.plot").forEach(makeHoverable);
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

  // ---- Tables: CSS pads each number with the digits that it lacks, so that decimal points line up ----

  function alignDecimals(table) {
    const columns = Object.groupBy?.(table.querySelectorAll("tbody td.number"), (cell) => cell.cellIndex) ?? {};
    for (const cells of Object.values(columns)) {
      const tails = cells.map((cell) => cell.textContent.trim().match(/^[^\d]?\d+(\.\d+)?$/)).map((match) => match && (match[1] ?? ""));
      const longest = tails.reduce((a, b) => ((b ?? "").length > a.length ? b : a), "");
      if (longest.length > 9) continue; // would make the column absurdly wide
      cells.forEach((cell, i) => tails[i] !== null && (cell.dataset.pad = longest.slice(tails[i].length)));
    }
  }

  // ---- Plots: the nearest point under the pointer ----

  function makeHoverable(figure) {
    const plot = data.plots?.[figure.dataset.plot];
    const svg = figure.querySelector("svg");
    if (!plot || !svg) return;
    const chosen = svgChild(svgChild(svg, "g", { class: "hover" }), "path", {});
    choosers.push((run) => {
      const one = plot.series?.find((series) => series.run === run);
      set(chosen, { d: one ? outline(project(plot, one)) : "" });
    });
    const mark = svgChild(svg, "g", { class: "hover", visibility: "hidden" });
    const curve = svgChild(mark, "path", {});
    const dot = svgChild(mark, "circle", { r: 13 });
    const tooltip = figure.appendChild(document.createElement("div"));
    set(tooltip, { class: "tooltip", role: "status", hidden: "" });
    tooltip.innerHTML = '<span class="what"></span> <span class="x"></span> <span class="y"></span>';
    set(svg, { tabindex: 0 });
    let series = null; // computed at the first hover: most plots of a page are never touched
    let shown = null;

    const find = (x, y) => nearest((series ??= (plot.series ?? []).map((one) => project(plot, one))), x, y);
    const show = (point) => {
      if (!point) return;
      if (point.of !== shown?.of) set(curve, { d: point.of.isRun ? outline(point.of) : "" });
      shown = point;
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
      if (!shown || !(shown.of.px[at] + shown.of.py[at] >= 0)) return;
      event.preventDefault();
      show({ of: shown.of, at });
    };
    const leave = (event) => event.pointerType !== "touch" && hide(); // what a finger tapped stays till it taps elsewhere
    const listeners = { pointermove: follow, pointerdown: follow, pointercancel: hide, pointerleave: leave, focus, blur: hide, keydown: walk };
    for (const [type, listener] of Object.entries(listeners)) svg.addEventListener(type, listener);
  }

  /** The points of a series in units of the viewBox; NaN where there is nothing to see. */
  function project(plot, series) {
    const columns = series.table ? data.tables?.[series.table] : data.runs?.[series.run]?.columns;
    const [xs, ys] = [columns?.[series.x] ?? [], columns?.[series.y] ?? []];
    const [left, top, right, bottom] = plot.frame;
    const place = (value, [low, high], from, to, scale = (v) => v) => {
      const share = value === null ? NaN : (scale(value) - scale(low)) / (scale(high) - scale(low));
      return share >= -1e-6 && share <= 1 + 1e-6 ? from + share * (to - from) : NaN;
    };
    const px = xs.map((x) => place(x, plot.x_range, left, right));
    const py = ys.map((y) => place(y, plot.y_range, bottom, top, plot.log_y ? Math.log10 : undefined));
    return { label: series.label ?? "", isRun: !series.table, xs, ys, px, py };
  }

  function nearest(series, x, y) {
    let [best, least] = [null, Infinity];
    for (const of of series) {
      for (let at = 0; at < of.px.length; at++) {
        const distance = (of.px[at] - x) ** 2 + (of.py[at] - y) ** 2;
        if (distance < least) [best, least] = [{ of, at }, distance]; // never true for NaN
      }
    }
    return best;
  }

  function outline({ px, py }) {
    let pen = "M"; // lifted where the curve leaves the frame
    return px.map((x, at) => {
      const visible = x + py[at] >= 0;
      const step = visible ? `${pen}${x.toFixed(1)} ${py[at].toFixed(1)}` : "";
      pen = visible ? "L" : "M";
      return step;
    }).join("");
  }

  function describe(tooltip, plot, { of, at }) {
    const quantity = (label = "", value) => {
      const [name, unit] = label.split(" in ");
      return [`${name} `, Object.assign(document.createElement("b"), { textContent: number(value) }), unit ? ` ${unit}` : ""];
    };
    const [what, x, y] = tooltip.children;
    what.textContent = of.label;
    x.replaceChildren(...quantity(plot.x_label, of.xs[at]));
    y.replaceChildren(...quantity(plot.y_label, of.ys[at]));
    tooltip.hidden = false;
  }

  // ---- Animation ----

  function animate(section) {
    const [stage, play, seek, clock, speed, scenario] = [".stage", "#play", "#seek", "#clock", "#speed", "#scenario"].map((part) => section?.querySelector(part));
    if (!stage || !play || !seek || !clock || !speed || !scenario) return;
    const playable = (run) => run?.columns?.t?.length > 1 && run.columns.x && (data.links ?? []).every(({ angle }) => run.columns[angle]);
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
      choosers.forEach((outlined) => outlined(index === data.worst ? null : index)); // the worst stands out already
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
      let [x, y] = [at("x", time), 0];
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
    const height = Math.round(Math.max(floor + 30, py(lowest) + 12));

    const svg = svgChild(stage, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Motion of scenario ${run.name ?? ""}` });
    stage.replaceChildren(svg);
    drawTrack(svg, width, px, floor, scale);
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
      if (run.columns.u) {
        const push = at("u", time);
        readout.textContent = `force ${number(push)} N`;
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

  function drawTrack(svg, width, px, floor, scale) {
    svgChild(svg, "line", { class: "track", x1: 0, x2: width, y1: floor, y2: floor });
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((metres) => metres * scale >= Math.max(64, width / 10)) ?? 20;
    for (let k = Math.ceil((20 - px(0)) / scale / step); px(k * step) < width - 20; k++) {
      const x = px(k * step);
      svgChild(svg, "line", { class: "tick", x1: x, x2: x, y1: floor, y2: floor + 6 });
      const label = svgChild(svg, "text", { x, y: floor + 21, "text-anchor": "middle" });
      label.textContent = `${Number((k * step).toFixed(1))} m`.replace("-", "\u2212");
    }
    for (const limit of data.track_limit ? [px(-data.track_limit), px(data.track_limit)] : []) {
      svgChild(svg, "line", { class: "stop", x1: limit, x2: limit, y1: floor - 18, y2: floor });
    }
  }

  function drawCart(svg, width, pivot) {
    const group = svgChild(svg, "g", { class: "cart" });
    svgChild(group, "rect", { class: "body", x: -width / 2, y: pivot, width, height: 0.42 * width, rx: 0.08 * width });
    for (const x of [-0.28 * width, 0.28 * width]) svgChild(group, "circle", { class: "wheel", cx: x, cy: pivot + 0.44 * width, r: 0.14 * width - 1 });
    return group;
  }

  /** An arrow that ends within the stage. */
  function arrow(x, y, gap, length, width) {
    const way = Math.sign(length);
    const from = x + way * gap;
    const to = Math.max(3, Math.min(width - 3, from + length));
    const head = way * Math.min(9, Math.abs(to - from));
    return (to - from) * way < 1 ? "" : `M${from} ${y}H${to}M${to - head} ${y - 6}L${to} ${y}L${to - head} ${y + 6}`;
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
