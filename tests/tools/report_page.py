"""Opens the page of a report in Chromium, in windows wide and narrow, light and dark, and on paper; then takes the steps of
standard input, one a line (what is indented belongs to the line before): names of keys to press, `focus SELECTOR`, or an
expression of JavaScript that has to be true. Arguments: the browser, the page, and if wanted a folder for screenshots."""
import json, pathlib, re, sys

from browser import Browser

browser, page, *pictures = sys.argv[1:]
steps = re.split(r"\n(?!\s)", sys.stdin.read().strip())
b = Browser(browser, *pictures)
try:
    b.open(pathlib.Path(page).absolute().as_uri())
    for width in 1280, 400, 375:
        for look in "light", "dark", "print":
            b.size(width, 800, look == "dark")
            if look == "print":
                b.call("Emulation.setEmulatedMedia", media="print")
            if b.run("document.documentElement.scrollWidth") > width:
                raise SystemExit(f"at {width} pixels, {look}, the page is wider than the window")
            if look != "print":
                b.check_accessible()
            b.picture(f"{pathlib.Path(page).stem}-{width}-{look}")
            b.call("Emulation.setEmulatedMedia", media="")
    b.size(1280, 800, False)
    # What the page shows, its scripts and figures left out.
    b.run("""var all = (selector) => [...document.querySelectorAll(selector)];
             var texts = (selector) => all(selector).map((one) => one.textContent);
             var text = texts('header, main, footer').join('\\n')""")
    for step in ["performance.getEntriesByType('resource').length === 0", *steps]:
        if re.fullmatch(r"((Tab|Home|End|Arrow[A-Z][a-z]+) ?)+", step):
            for key in step.split():
                b.press(key)
        elif step.startswith("focus "):
            b.run(f"document.querySelector({json.dumps(step[6:])}).focus()")
        elif b.run(step) is not True:
            raise SystemExit(f"not so: {step}; the page: " + b.run("document.body.innerText")[:3000])
finally:
    b.close()
