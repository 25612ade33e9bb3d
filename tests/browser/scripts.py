"""What report.py runs in the page: JavaScript that says what it sees, mostly as a list of what is wrong."""

# What the scripts in the page share.
LIBRARY = r"""
const drawn = 'muted|accent|series[1-4]';
const isMark = (e) => !e.closest('.hover') && ['stroke', 'fill'].some((a) => RegExp(`^var\\(--(${drawn})\\)$`).test(e.getAttribute(a)));
const marksOf = (figure) => [...figure.querySelectorAll('svg polyline, svg circle, svg rect, svg path')].filter(isMark);
const vertices = (line) => line.getAttribute('points').trim().split(/\s+/).map((p) => p.split(',').map(Number));
const rgba = (text) => { const n = (text.match(/[\d.]+/g) ?? []).map(Number); return n.length === 3 ? [...n, 1] : n.length === 4 ? n : null; };
const luminance = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = (e) => {
  const paper = e.ownerSVGElement?.closest('figure.plot') && rgba(getComputedStyle(e.ownerSVGElement.querySelector('rect') ?? e).fill);
  if (paper) return paper;
  for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c && c[3] > 0) return c; }
  return [255, 255, 255, 1];
};
"""

PLOTS = LIBRARY + r"""
return [...document.querySelectorAll('figure.plot')].flatMap((figure) => {
  const name = figure.dataset.plot, svg = figure.querySelector('svg'), box = svg?.getBoundingClientRect();
  if (!svg || !figure.checkVisibility() || box.width < 200 || box.height < 100) return [`${name}: not visible`];
  const view = svg.viewBox.baseVal, [l, t, r, b] = plots[name]?.frame ?? [0, 0, view.width, view.height];
  const inside = (e) => { const x = e.getBBox(); return x.x + x.width >= l && x.x <= r && x.y + x.height >= t && x.y <= b; };
  const paints = (e) => ['stroke', 'fill'].some((a) => { const c = rgba(getComputedStyle(e)[a]); return c && c[3] > 0.1 && contrast(c, behind(e)) >= 1.8; });
  const shaped = (e) => e.tagName === 'polyline' ? new Set(vertices(e).map(String)).size > 1 : e.tagName === 'circle' ? e.r.baseVal.value > 0
    : e.tagName === 'rect' ? e.width.baseVal.value > 0 && e.height.baseVal.value > 0 : e.getTotalLength() > 0;
  const marks = marksOf(figure);
  const said = [];
  if (!marks.some((e) => shaped(e) && inside(e))) said.push(`${name}: nothing is drawn inside its frame`);
  else if (!marks.filter((e) => shaped(e) && inside(e)).every(paints)) said.push(`${name}: a mark is not to be told from the paper`);
  const texts = [...svg.querySelectorAll('text')].map((e) => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([s]) => s);
  if (!texts.length) said.push(`${name}: no labels`);
  texts.forEach(([s, p], i) => {
    if (p.left < -1 || p.right > innerWidth + 1) said.push(`${name}: label "${s}" leaves the page`);
    for (const [o, q] of texts.slice(i + 1)) if (Math.min(p.right, q.right) - Math.max(p.left, q.left) > 3 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 3) said.push(`${name}: labels "${s}" and "${o}" overlap`);
  });
  return said;
}).concat(Object.keys(plots).filter((p) => !document.querySelector(`figure.plot[data-plot="${p}"]`)).map((p) => `${p}: in the data, but no figure`));
"""

CONTRAST = LIBRARY + r"""
const said = new Map();
for (const e of document.querySelectorAll('body, body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || ['SCRIPT', 'STYLE', 'OPTION'].includes(e.tagName) || !e.checkVisibility({ visibilityProperty: true })) continue;
  const style = getComputedStyle(e), color = rgba(e.ownerSVGElement ? style.fill : style.color);
  const ratio = color && color[3] > 0 ? contrast(color, behind(e)) : 0;
  if (ratio < 4.5) said.set(`${e.closest('section')?.id ?? 'top'} ${e.tagName.toLowerCase()}`, `"${e.textContent.trim().slice(0, 30)}" has contrast ${ratio.toFixed(2)}`);
}
return [...said].map(([where, what]) => `${where}: ${what}`);
"""

# How far the farthest of some points is from all that the plot shows, in units of the viewBox.
DISTANCE = LIBRARY + r"""
const marks = marksOf(arguments[0]).filter((e) => !arguments[2] || e.getAttribute('stroke') === `var(--${arguments[2]})`).map((e) => e.tagName === 'circle' ? [[e.cx.baseVal.value, e.cy.baseVal.value]] : e.tagName === 'polyline' ? vertices(e) : []);
const between = (x, y, [ax, ay], [bx, by]) => {
  const s = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1)));
  return Math.hypot(x - ax - s * (bx - ax), y - ay - s * (by - ay));
};
return Math.max(...arguments[1].map(([x, y]) => Math.min(1e9, ...marks.flatMap((m) => m.map((p, i) => between(x, y, p, m[i + 1] ?? p))))));
"""

# The ticks along the time, how many curves of a part are drawn, and whether they are cut at the frame.
ZOOMED = LIBRARY + r"""
const [figure] = arguments, svg = figure.querySelector('svg'), own = [...svg.querySelectorAll('.part path')];
const bottom = Number(svg.querySelector('.band').getAttribute('y')) + Number(svg.querySelector('.band').getAttribute('height'));
const ticks = [...svg.querySelectorAll('text')].filter((e) => e.checkVisibility() && Number(e.getAttribute('y')) > bottom && Number(e.getAttribute('y')) < bottom + 60);
const clip = svg.querySelector(`[id="${svg.querySelector('.part').getAttribute('clip-path').slice(5, -1)}"]`);
const strokes = [...svg.querySelectorAll('polyline')].filter((e) => e.checkVisibility() && !e.closest('.marks') && vertices(e).every((p) => p[1] >= bottom && p[0] === vertices(e)[0][0]));
if (strokes.length > ticks.length) ticks.push(...strokes); // ticks of the whole are left over
return [ticks.map((e) => Number(e.textContent || NaN)), own.filter((e) => e.getAttribute('d').length > 8).length, clip?.tagName === 'clipPath'];
"""

# A plot with two colours of data names both, in itself or in its section.
LEGENDS = LIBRARY + r"""
const inkOf = (e) => ['stroke', 'fill'].map((a) => e.getAttribute(a)?.match(RegExp(`^var\\(--(${drawn})\\)$`))?.[1]).find(Boolean);
const said = [];
for (const figure of document.querySelectorAll('figure.plot')) {
  const marks = [...figure.querySelectorAll('.marks *')].filter((e) => e.getAttribute('stroke-width') !== '2');
  const inks = new Set(marks.map(inkOf).filter(Boolean));
  const swatches = [...figure.querySelectorAll('svg > rect')].map(inkOf).concat([...figure.closest('section').querySelectorAll('.swatch')].map((e) => e.style.getPropertyValue('--swatch').match(/--(\w+)/)[1]));
  if (inks.size > 1) said.push(...[...inks].filter((ink) => !swatches.includes(ink)).map((ink) => `${figure.dataset.plot}: nothing says what ${ink} means`));
}
const motion = document.querySelector('#motion'), inks = motion ? [...motion.querySelectorAll('.link')].map(inkOf).concat('series2', 'accent') : [];
return said.concat(inks.filter((ink) => ![...motion.querySelectorAll('.swatch')].some((e) => e.textContent.trim() && e.style.getPropertyValue('--swatch').includes(ink))).map((ink) => `motion: nothing says what ${ink} means`));
"""

TABLES = r"""
return [...document.querySelectorAll('table')].filter((t) => t.checkVisibility()).flatMap((table) => {
  const where = table.closest('section')?.id, style = getComputedStyle(table), box = table.getBoundingClientRect();
  if (box.right > innerWidth + 1) return [`${where}: a table leaves the page`];
  if (table.scrollWidth <= table.clientWidth + 1) return [];
  return style.overflowX === 'auto' && style.backgroundImage.includes('gradient') ? [] : [`${where}: a table is cut off without a hint`];
});
"""

# The right edges of the texts in a column of numbers.
COLUMNS = r"""
const edge = (cell) => { const range = document.createRange(); range.selectNodeContents(cell); return cell.textContent.trim() ? range.getBoundingClientRect().right : null; };
return [...document.querySelectorAll('thead')].filter((head) => head.checkVisibility()).flatMap((head) => [...head.querySelectorAll('th')].flatMap((th) => {
  const cells = [...head.parentNode.querySelectorAll('tbody tr')].map((row) => row.cells[th.cellIndex]);
  if (cells.some((cell) => cell.matches('.number')) !== th.matches('.number')) return [`"${th.textContent}" is not aligned as what is below it`];
  const edges = th.matches('.number') ? cells.map(edge).filter((right) => right !== null) : [];
  const off = Math.max(0, ...edges.map((right) => Math.abs(right - edge(th))));
  return off > 1.5 ? [`"${th.textContent}" is ${off.toFixed(1)} px beside a number below it`] : [];
}));
"""

POSE = """
const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.right, r.top + scrollY, r.bottom + scrollY].map((v) => v.toFixed(2)).join(); };
const links = [...document.querySelectorAll('.stage .link')];
return { clock: parseFloat(document.querySelector('#clock').textContent), button: document.querySelector('#play').textContent, text: document.querySelector('.stage').textContent,
  places: ['.cart', '.link'].flatMap((s) => [...document.querySelectorAll('.stage ' + s)].map(box)).join(' '),
  angles: links.map((l) => Math.atan2(l.x2.baseVal.value - l.x1.baseVal.value, l.y1.baseVal.value - l.y2.baseVal.value)) };
"""
