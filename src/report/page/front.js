(() => {
  "use strict";

  // The trade-off that somebody chooses, by a click on a point, by Enter on a point that has the focus, or by the slider.
  const data = JSON.parse(document.getElementById("data")?.textContent || "{}");
  const front = data.trade_offs;
  const table = data.tables?.front;
  const panel = document.getElementById("chosen");
  if (!front?.points?.length || !table || !panel) return;
  const [slider, toKnee, told, which, sketches] = ["#trade-off", "#knee", ".told", ".which", ".sketches"].map((part) => panel.querySelector(part));
  const knee = front.points.find(({ at }) => at === front.knee) ?? front.points[0];
  const figures = [...document.querySelectorAll("#trade-offs figure.plot")];
  const rings = figures.map(ringOf);
  const space = { width: 300, height: 130, left: 50, right: 296, top: 20, bottom: 112 };

  figures.forEach((figure) => {
    const choose = () => figure.dataset.at !== undefined && show(nearest(Number(figure.dataset.at)));
    figure.querySelector("svg").addEventListener("click", choose);
    figure.querySelector("svg").addEventListener("keydown", (event) => event.key === "Enter" && choose());
  });
  set(slider, { max: front.points.length - 1 });
  slider.addEventListener("input", () => show(Number(slider.value)));
  toKnee.addEventListener("click", () => show(front.points.indexOf(knee)));
  which.textContent = `in scenario ${front.scenario}`;
  panel.hidden = false;
  show(front.points.indexOf(knee));

  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function child(parent, name, attributes, text = "") {
    const element = set(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
    element.textContent = text;
    return parent.appendChild(element);
  }

  function number(value) {
    const text = value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
    return text.replace("e+", "e").replaceAll("-", "\u2212");
  }

  /** Of those with trajectories, the one that is nearest along the front. */
  function nearest(at) {
    const far = (index) => Math.abs(front.points[index].at - at);
    return front.points.reduce((best, _, index) => (far(index) < far(best) ? index : best), 0);
  }

  function show(index) {
    const point = front.points[index];
    slider.value = index;
    const tell = (name) => `${name.replaceAll("_", " ")} ${number(table[name][point.at])}`;
    const gain = (name) => `${name} ${number(table[name][point.at])}`;
    told.textContent = `${point === knee ? "The knee: " : ""}${front.objectives.map(tell).join(", ")}. Gains: ${front.gains.map(gain).join(", ")}`;
    set(slider, { "aria-valuetext": told.textContent });
    rings.forEach((place) => place(point.at));
    sketches.replaceChildren(...front.labels.map((label, k) => sketch(label, k + 1, point)));
  }

  /** A ring in a plot of the front; the function that puts it around a point. */
  function ringOf(figure) {
    const plot = data.plots[figure.dataset.plot];
    const [left, top, right, bottom] = plot.frame;
    const ring = child(figure.querySelector("svg"), "circle", { r: 17, fill: "none", stroke: "var(--ink)", "stroke-width": 4 });
    const share = (value, [low, high]) => (value - low) / (high - low);
    const { x, y } = plot.series[0];
    return (at) => set(ring, { cx: left + share(table[x][at], plot.x_range) * (right - left), cy: bottom - share(table[y][at], plot.y_range) * (bottom - top) });
  }

  /** A column over time, of a trade-off and of the knee. */
  function sketch(label, k, point) {
    const { width, height, left, right, top, bottom } = space;
    const both = [knee, point];
    const ends = (column) => both.flatMap(({ columns }) => columns[column]).filter((value) => value !== null).reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
    const [[, end], [low, high]] = [ends(0), ends(k)];
    const x = (t) => left + (t / (end || 1)) * (right - left);
    const y = (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
    const svg = set(document.createElementNS("http://www.w3.org/2000/svg", "svg"), { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label} over time, from ${number(low)} to ${number(high)}` });
    child(svg, "text", { x: left, y: 12 }, label);
    for (const value of low < high ? [low, high] : [low]) {
      child(svg, "line", { x1: left, x2: right, y1: y(value), y2: y(value), stroke: "var(--grid)" });
      child(svg, "text", { x: left - 4, y: y(value) + 4, "text-anchor": "end" }, number(value));
    }
    child(svg, "text", { x: left, y: height - 4 }, "0");
    child(svg, "text", { x: right, y: height - 4, "text-anchor": "end" }, `${number(end)} s`);
    for (const [of, ink] of [[knee, "muted"], [point, "series1"]]) {
      const [times, values] = [of.columns[0], of.columns[k]];
      const steps = times.map((t, i) => (values[i] === null ? "" : `${i && values[i - 1] !== null ? "L" : "M"}${x(t).toFixed(1)} ${y(values[i]).toFixed(1)}`));
      child(svg, "path", { d: steps.join(""), stroke: `var(--${ink})` });
    }
    return svg;
  }
})();
