#!/usr/bin/env python3
"""Looks at a report in a real browser, as a reader would: `python report_test.py REPORT.html GAINS.csv [SCREENSHOT_DIR]`.

Light and dark, wide and on a phone: a quiet console, no network, no sideways scrolling, legible text, plots with something
in them, the gains of the CSV, a tooltip that tells the truth, a time that can be zoomed, legends, tables that fit or scroll,
an animation that moves as the data say, and paper without controls. One line a check; exit code 1 when one fails. Needs Selenium, Chromium and its driver.
"""
import base64
import csv
import json
import math
import re
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from scripts import COLUMNS, CONTRAST, DISTANCE, LEGENDS, LIBRARY, PLOTS, POSE, TABLES, ZOOMED

FLAGS = ("--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --hide-scrollbars").split()
VIEWS = {"wide": (1100, 800, 1), "phone": (390, 844, 2)}
BETWEEN = (600, 768)  # more widths at which nothing may scroll sideways


class Page:
    """The report in a browser, at one width and in one colour scheme."""

    def __init__(self, report):
        self.url = Path(report).resolve().as_uri()
        self.driver = self.start()
        self.run = self.driver.execute_script
        self.cdp = self.driver.execute_cdp_cmd

    @staticmethod
    def start():
        for headless in ("--headless=new", "--headless"):
            options = webdriver.ChromeOptions()
            options.binary_location = "/usr/bin/chromium"
            for flag in (headless, *FLAGS, f"--user-data-dir={tempfile.mkdtemp(prefix='report-test-')}"):
                options.add_argument(flag)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
            try:
                return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
            except WebDriverException as error:
                last = error
        raise last

    def media(self, scheme, media="screen"):
        self.cdp("Emulation.setEmulatedMedia", {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, scheme, view):
        self.view = view
        self.resize(VIEWS[view][0])
        self.media(scheme)
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(self.url)
        self.data = json.loads(self.run("return document.getElementById('data').textContent"))
        self.run("document.documentElement.style.scrollBehavior = 'auto'")

    def resize(self, width):
        self.width, (_, height, pixels) = width, VIEWS[self.view]
        self.cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": pixels, "mobile": self.view == "phone"})

    def screenshot(self, path):
        size = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        path.write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})["data"]))

    def mouse(self, x, y):
        self.cdp("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})

    def button(self, what, x, y, clicks=1):
        self.cdp("Input.dispatchMouseEvent", {"type": what, "x": x, "y": y, "button": "left", "buttons": int(what == "mousePressed"), "clickCount": clicks})

    def drag(self, x0, x1, y):
        self.mouse(x0, y)
        self.button("mousePressed", x0, y)
        for x in ((x0 + x1) / 2, x1):
            self.cdp("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y, "button": "left", "buttons": 1})
        self.button("mouseReleased", x1, y)

    def double_click(self, x, y):
        for clicks in (1, 2):
            self.button("mousePressed", x, y, clicks)
            self.button("mouseReleased", x, y, clicks)

    def press(self, selector):
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        self.driver.find_element("css selector", selector).click()

    def choose(self, selector, value, event="change"):
        self.run("const e = document.querySelector(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event(arguments[2], {bubbles: true}))", selector, str(value), event)

    def pose(self, after=0.0):
        time.sleep(after)
        return self.run(POSE)


# ---- Checks: each returns what is wrong ----

def quiet(page):
    return [f"{m['level']}: {m['message']}" for m in page.driver.get_log("browser") if m["level"] in ("SEVERE", "WARNING")]


def offline(page):
    messages = [json.loads(m["message"])["message"] for m in page.driver.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [f"requests {u[:100]}" for u in urls if u != page.url and not u.startswith("data:")] or ([] if page.url in urls else ["the log of requests is empty"])


def no_sideways_scrolling(page):
    own, wrong = page.width, []
    for width in (own, *BETWEEN):
        page.resize(width)
        whole = page.run("return document.documentElement.scrollWidth")
        wrong += [f"the page is {whole} px wide in a window of {width}"] if whole > width else []
    page.resize(own)
    return wrong


def plots_show_something(page):
    count = page.run("return document.querySelectorAll('figure.plot').length")
    return page.run("const plots = arguments[0];" + PLOTS, page.data["plots"]) if count else ["there are no plots"]


def text_is_legible(page):
    return page.run(CONTRAST)


def gains_are_those_of(path):
    with open(path, newline="") as file:
        expected = {row["gain"]: row for row in csv.DictReader(file)}

    def gains_are_those_of_the_file(page):
        rows = page.run("return [...document.querySelectorAll('tr[data-gain]')].map((r) => [r.dataset.gain, r.querySelector('.number').dataset.value, "
                        "r.querySelector('.number').textContent.trim(), r.cells[0].textContent.trim(), r.cells[2].textContent.trim(), "
                        "!!r.closest('#gains-table'), !!r.closest('details')])")
        wrong = [f"{n}: {sum(r[0] == n for r in rows)} rows" for n in {*expected, *(r[0] for r in rows)} if [r[0] for r in rows].count(n) != (n in expected)]
        for name, value, shown, head, unit, in_table, in_details in rows:
            row = expected.get(name)
            if row is None:
                continue
            if not value or float(value) != float(row["value"]):
                wrong.append(f"{name}: data-value {value}, the file says {row['value']}")
            if not is_rounded(shown, row["value"]):
                wrong.append(f"{name}: shows {shown}, the file says {row['value']}")
            if head != name or unit != row["unit"].replace("1", "", row["unit"] == "1"):
                wrong.append(f"{name}: the row is called {head!r} and its unit is {unit!r}, the file says {row['unit']!r}")
            if row["tuned"] == "true" and not in_table or not (in_table or in_details):
                wrong.append(f"{name}: not in the table of gains")
        return wrong
    return gains_are_those_of_the_file


def is_rounded(shown, exact):
    """Is the text the number, rounded to the digits that the text has (and at least four, unless it is exact)?"""
    text = shown.replace("\u2212", "-").replace("\u202f", "").replace("\u2009", "")
    if not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text):
        return False
    number, exact = Decimal(text), Decimal(exact)
    if abs(number - exact) > Decimal(5).scaleb(number.as_tuple().exponent - 1) * Decimal("1.000001"):
        return False
    return len(re.sub(r"e.*|\D", "", text).lstrip("0")) >= 4 or number == exact


def tooltips_tell_the_truth(page):
    wrong = []
    for name, plot in page.data["plots"].items():
        figure = page.driver.find_element("css selector", f'figure.plot[data-plot="{name}"]')
        points = list(points_of(plot, page.data))
        if not points:
            wrong.append(f"{name}: no points in the data")
            continue
        extremes = [pick(points, key=lambda p: p[axis]) for axis in (0, 1) for pick in (min, max)]
        for x, y, *_ in [*extremes[1:], points[len(points) // 7]]:
            wrong += [f"{name}: {problem}" for problem in hover(page, figure, plot, points, x + 4, y - 3)]
        distance = page.run(DISTANCE, figure, [p[:2] for p in points[::len(points) // 60 + 1]])
        if distance > 8:
            wrong.append(f"{name}: a point of the data is {distance:.0f} units from what is drawn")
        page.mouse(2, 2)
        if page.run("return [...arguments[0].querySelectorAll('.tooltip')].some((t) => t.checkVisibility())", figure):
            wrong.append(f"{name}: the tooltip stays when the mouse leaves")
    return wrong


def the_worst_run_stands_out(page):
    wrong = []
    for name, plot in page.data["plots"].items():
        worst = [series for series in plot["series"] if series.get("run") == page.data["worst"] and "ink" not in series]
        if not worst:
            continue
        figure = page.driver.find_element("css selector", f'figure.plot[data-plot="{name}"]')
        points = [p[:2] for p in points_of({**plot, "series": worst}, page.data)]
        distance = page.run(DISTANCE, figure, points[::len(points) // 60 + 1], "accent")
        lines = page.run(LIBRARY + "return marksOf(arguments[0]).filter((e) => e.getAttribute('stroke') === 'var(--accent)').length", figure)
        if lines != 1 or distance > 8:
            wrong.append(f"{name}: {lines} lines stand out, and the worst run is {distance:.0f} units from them")
    return wrong or ([] if any("run" in s for p in page.data["plots"].values() for s in p["series"]) else ["no plot shows a run"])


def points_of(plot, data):
    left, top, right, bottom = plot["frame"]
    along, scale = (math.log10 if plot[axis] else float for axis in ("log_x", "log_y"))
    (x0, x1), (y0, y1) = map(along, plot["x_range"]), map(scale, plot["y_range"])
    for series in plot["series"]:
        columns = data["tables"][series["table"]] if "table" in series else data["runs"][series["run"]]["columns"]
        for place, (x, y) in enumerate(zip(columns[series["x"]], columns[series["y"]])):
            if x is None or y is None or plot["log_y"] and y <= 0 or plot["log_x"] and x <= 0:
                continue
            px, py = left + (along(x) - x0) / (x1 - x0) * (right - left), bottom - (scale(y) - y0) / (y1 - y0) * (bottom - top)
            if left - 1e-3 <= px <= right + 1e-3 and top - 1e-3 <= py <= bottom + 1e-3:
                told = {name: columns[name][place] for name in series.get("tells", [])}
                yield px, py, series["label"], x, y, columns[series["along"]][place] if "along" in series else None, told


def hover(page, figure, plot, points, x, y):
    box = page.run("const s = arguments[0].querySelector('svg'); s.scrollIntoView({block: 'center'}); const m = s.getScreenCTM(); return [m.a, m.e, m.f, s.getBoundingClientRect().width]", figure)
    page.mouse(box[1] + x * box[0], box[2] + y * box[0])
    tip = page.run("""const t = arguments[0].querySelector('.tooltip'), c = arguments[0].querySelector('.hover circle'), f = arguments[0].getBoundingClientRect();
        if (!t?.checkVisibility() || !c?.checkVisibility({visibilityProperty: true})) return null;
        const r = t.getBoundingClientRect(), text = (s) => t.querySelector(s).textContent;
        return {label: text('.what'), x: text('.x b'), y: text('.y b'), texts: [text('.x'), text('.y')], dot: [c.cx.baseVal.value, c.cy.baseVal.value],
          inside: r.left >= f.left - 1 && r.right <= f.right + 1 && r.top >= f.top - 1 && r.bottom <= f.bottom + 1 && t.scrollWidth <= t.clientWidth + 1}""", figure)
    if tip is None:
        return ["hovering shows no tooltip"]
    wrong = [] if tip["inside"] else ["the tooltip leaves the figure"]
    least = min(math.dist((x, y), p[:2]) for p in points)
    close = [p for p in points if math.dist((x, y), p[:2]) <= least + 3]  # the mouse is on a pixel, and a pixel is 3 units
    if not any(is_label(tip["label"], *p[2:3], *p[5:]) and is_four_digits(tip["x"], p[3]) and is_four_digits(tip["y"], p[4]) and math.dist(tip["dot"], p[:2]) < 1 for p in close):
        wrong.append(f"the tooltip says {tip['label']}: {tip['x']}, {tip['y']}; the data say {close[0][2]}: {close[0][3]}, {close[0][4]}")
    for text, label in zip(tip["texts"], (plot["x_label"], plot["y_label"])):
        wrong += [f"the tooltip {text!r} lacks {part!r}" for part in label.split(", ") if part not in text]
    return wrong


def is_label(text, label, frequency, told):
    """Is the text the label of a curve, with the frequency of the point where an axis does not say it, and what else is told of a point?"""
    if told:
        start, _, rest = text.partition(": ")
        said = dict(part.rsplit(" ", 1) for part in rest.split(", "))
        return start == label and said.keys() == told.keys() and all(is_four_digits(said[name], value) for name, value in told.items())
    if frequency is None:
        return text == label
    said = re.fullmatch(rf"{re.escape(label)} at (\S+) rad/s", text)
    return said is not None and is_four_digits(said[1], frequency)


def is_four_digits(text, value):
    return math.isclose(float(text.replace("\u2212", "-")), float(f"{value:.4g}"), rel_tol=1.001e-3, abs_tol=1e-12) and is_rounded(text, repr(value))


def animation_moves_as_the_data_say(page):
    data, wrong = page.data, []

    def expect(condition, complaint):
        if not condition:
            wrong.append(complaint)

    def follows(run, where):
        pose, columns = page.pose(), data["runs"][run]["columns"]
        after = next((i for i, t in enumerate(columns["t"]) if t >= pose["clock"]), len(columns["t"]) - 1)
        for link, drawn in zip(data["links"], pose["angles"]):
            around = [columns[link["angle"]][i] for i in (max(after - 1, 0), after)]
            expect(min(around) - 0.05 <= drawn <= max(around) + 0.05, f"{where}: {link['angle']} is drawn at {drawn:.3f} rad, the data say {around}")

    def advance(seconds):
        before = page.pose()["clock"]
        page.press("#play")
        gone = page.pose(after=seconds)
        page.press("#play")
        return gone["clock"] - before

    end = data["runs"][data["worst"]]["columns"]["t"][-1]
    start = page.pose()
    expect(start["clock"] == 0 and start["places"] == page.pose(after=0.2)["places"], "it does not wait at 0 s")
    expect(len(start["angles"]) == len(data["links"]) and len(start["places"].split()) == 1 + len(data["links"]), "the cart or a link is missing")
    expect(page.run("return document.querySelector('#scenario').value") == str(data["worst"]), "it does not start with the worst scenario")
    follows(data["worst"], "at the start")
    page.choose("#speed", 1 if end > 2 else 0.25)
    page.press("#play")
    moving = page.pose(after=0.5)
    expect(moving["places"] != start["places"] and moving["clock"] > 0.02, "Play moves nothing")
    expect(moving["button"] == "Pause", "the button does not say Pause")
    page.press("#play")
    paused = page.pose()
    expect(paused == page.pose(after=0.2) and paused["button"] == "Play", "Pause does not stop it")
    page.choose("#seek", 300, "input")
    sought = page.pose()
    expect(sought["places"] != paused["places"] and abs(sought["clock"] - 0.3 * end) < 0.02, f"seeking to 30 % leads to {sought['clock']} s")
    follows(data["worst"], "at 30 %")
    page.choose("#seek", 0, "input")
    page.choose("#speed", 0.25)
    slow = advance(min(0.4, 0.3 * end))
    page.choose("#speed", 2)
    fast = advance(min(0.4, 0.3 * end))
    expect(0 < slow and 2.5 * slow < fast, f"in the same time it advances {slow:.2f} s at a quarter and {fast:.2f} s at twice the speed")
    page.choose("#speed", 0.25)
    page.choose("#seek", 1000, "input")
    expect(abs(page.pose()["clock"] - end) < 0.02, "the slider's end is not the run's end")
    page.press("#play")
    again = page.pose(after=0.2)
    expect(again["button"] == "Pause" and again["clock"] < 0.9 * end, "Play at the end does not start anew")
    page.run("document.querySelector('.stage').focus()")
    page.driver.switch_to.active_element.send_keys(" ")
    expect(page.pose()["button"] == "Play", "the space bar does not pause")
    for run in [i for i in range(len(data["runs"])) if i != data["worst"]][:2] + [i for i, r in enumerate(data["runs"]) if not r["survived"]][:1]:
        before = page.pose()["places"]
        page.choose("#scenario", run)
        expect(before != page.pose()["places"] or run == data["worst"], f"choosing scenario {run} changes nothing")
        expect(page.pose()["clock"] == 0, f"scenario {run} does not start at 0 s")
        follows(run, f"scenario {run}")
        outlined = page.run("return [...document.querySelectorAll('#trajectories figure.plot')].every((f) => f.querySelector('.hover path').getAttribute('d').length > 20)")
        drawn = any(series.get("run") == run for series in data["plots"]["u"]["series"])  # the validation's are elsewhere
        expect(outlined or run == data["worst"] or not drawn, f"scenario {run} is not outlined in the plots")
        if drawn:
            named = page.run("return document.querySelector('#trajectories .outlined')?.textContent ?? ''")
            expect((data["runs"][run]["name"] in named) == (run != data["worst"]), f"the legend says of scenario {run}: {named!r}")
        page.choose("#seek", 1000, "input")
        expect(("failed" in page.pose()["text"]) != data["runs"][run]["survived"], f"scenario {run}: the end says {page.pose()['text'][-40:]!r}")
    return wrong


def time_can_be_zoomed(page):
    zoomable = [name for name, plot in page.data["plots"].items() if plot["zooms"]]
    figures = [page.driver.find_element("css selector", f'figure.plot[data-plot="{name}"]') for name in zoomable]
    whole = page.data["plots"][zoomable[0]]["x_range"]
    wrong = []

    def expect(part, how):
        low, high = page.run("return ['#zoom-from', '#zoom-to'].map((s) => Number(document.querySelector(s).value))")
        if max(abs(low - part[0]), abs(high - part[1])) > 0.01 * (whole[1] - whole[0]):
            wrong.append(f"{how}: the fields say {low} to {high} s, not {part}")
        for name, figure in zip(zoomable, figures):
            ticks, drawn, clipped = page.run(ZOOMED, figure)
            if (drawn > 0) != (part != whole) or not all(part[0] - 1e-9 <= t <= part[1] + 1e-9 for t in ticks) or len(ticks) < 3:
                wrong.append(f"{how}: {name} has ticks at {ticks} and {drawn} curves of a part")
            if part != whole and not clipped:
                wrong.append(f"{how}: {name} is not cut at its frame")

    left, top, right, bottom = page.data["plots"][zoomable[0]]["frame"]
    ends = [left + share * (right - left) for share in (0.1, 0.3)]
    part = [whole[0] + share * (whole[1] - whole[0]) for share in (0.1, 0.3)]
    box = page.run("const s = arguments[0].querySelector('svg'); s.scrollIntoView({block: 'center'}); const m = s.getScreenCTM(); return [m.a, m.e, m.f]", figures[0])
    (x0, x1), y = (box[1] + x * box[0] for x in ends), box[2] + (top + bottom) / 2 * box[0]
    expect(whole, "at first")
    if page.view == "wide":  # a finger has the fields
        page.drag(x0, x1, y)
        expect(part, "after dragging")
        inside = [p[:3] for p in points_of({**page.data["plots"][zoomable[0]], "x_range": part}, page.data)]
        here = min(inside, key=lambda p: abs(p[0] - (left + right) / 2))
        page.mouse(box[1] + here[0] * box[0], box[2] + here[1] * box[0])
        wrong += [] if page.run("return arguments[0].querySelector('.tooltip').checkVisibility()", figures[0]) else ["no tooltip within a part"]
        page.double_click((x0 + x1) / 2, y)
        expect(whole, "after a double click")
    page.choose("#zoom-from", part[0])
    page.choose("#zoom-to", part[1])
    expect(part, "after typing")
    page.choose("#zoom-to", part[0] / 2)
    expect(part, "after an end before the start")
    page.press("#zoom-reset")
    expect(whole, "after the button")
    return wrong


def colours_have_a_legend(page):
    return page.run(LEGENDS)


def tables_fit_or_say_that_they_scroll(page):
    return page.run(TABLES)


def numbers_stand_below_their_headers(page):
    return page.run(COLUMNS)


def arrows_are_whole(page):
    """A force is an arrow whose head is within its length and as wide as it is long, or no arrow at all."""
    wrong, drawn = set(), 0
    for seek in [*range(0, 1000, 25), *range(0, 60, 2)]:
        page.choose("#seek", seek, "input")
        path = page.run("return document.querySelector('.stage .force').getAttribute('d')") or ""
        if not path:
            continue
        drawn += 1
        start, y, tip, back, upper = map(float, re.match(r"M(\S+) (\S+)H([-\d.]+)M(\S+) ([-\d.]+)L", path).groups())
        length, head, wing = abs(tip - start), abs(tip - back), abs(upper - y)
        if not (length >= 6 and 3 <= head <= 0.61 * length and 0.5 * head <= wing <= head):
            wrong.add(f"an arrow of {length:.1f} has a head of {head:.1f} by {wing:.1f}")
    page.choose("#seek", 0, "input")
    return sorted(wrong) or ([] if drawn else ["no arrow is ever drawn"])


def paper_is_white_and_has_no_controls(page):
    scheme = "dark" if page.run("return matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    page.media(scheme, "print")
    wrong = page.run(LIBRARY + "return [...document.querySelectorAll('.controls, .controls *, .tooltip')].filter((e) => e.checkVisibility()).map((e) => `${e.tagName} ${e.id} is on paper`)"
                     ".concat(luminance(behind(document.body)) > 0.9 ? [] : ['the paper is dark'])")
    page.run("dispatchEvent(new Event('beforeprint'))")
    wrong += page.run("return [...document.querySelectorAll('details:not([open]) > summary')].map((s) => `\"${s.textContent}\" stays folded`)")
    wrong += page.run(CONTRAST)
    page.run("dispatchEvent(new Event('afterprint'))")
    page.media(scheme)
    return wrong


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    shots = Path(sys.argv[3]) if len(sys.argv) == 4 else None
    motion = [arrows_are_whole, animation_moves_as_the_data_say]
    checks = [no_sideways_scrolling, text_is_legible, plots_show_something, gains_are_those_of(sys.argv[2]), tooltips_tell_the_truth, the_worst_run_stands_out,
              time_can_be_zoomed, colours_have_a_legend, tables_fit_or_say_that_they_scroll, numbers_stand_below_their_headers, *motion,
              paper_is_white_and_has_no_controls, quiet, offline]
    page, failed = Page(sys.argv[1]), 0
    try:
        for scheme in ("light", "dark"):
            for view in VIEWS:
                page.open(scheme, view)
                if shots:
                    shots.mkdir(parents=True, exist_ok=True)
                    page.screenshot(shots / f"{scheme}-{view}.png")
                for check in checks:
                    if check in motion and not page.run("return !!document.querySelector('#motion')"):
                        continue
                    try:
                        wrong = check(page)
                    except Exception as error:  # such as an element that is missing: the next checks still say what they see
                        wrong = [f"{type(error).__name__}: {str(error).splitlines()[0]}"]
                    failed += bool(wrong)
                    print(f"{'FAIL' if wrong else 'ok  '} {scheme} {view}: {check.__name__.replace('_', ' ')}", flush=True)
                    for problem in wrong:
                        print(f"       {problem}")
                if failed:
                    sys.exit(f"{failed} checks failed, and no other view was looked at")
    finally:
        page.driver.quit()


if __name__ == "__main__":
    main()
