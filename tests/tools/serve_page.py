"""Drives the page of `dragoman serve` in Chromium: types, waits for the translation, hovers, chooses an alternative, opens
the picture of the attention. Arguments: the browser, the address, a sentence, its translation, and if wanted a folder for
screenshots."""
import json, sys

from browser import Browser

browser, address, sentence, translation = sys.argv[1:5]
pictures = sys.argv[5] if len(sys.argv) > 5 else None

b = Browser(browser, pictures)
try:
    b.size(1280, 800, False)
    b.open(address)
    b.until("document.getElementById('about').textContent")
    b.run("document.getElementById('source').focus()")
    b.call("Input.insertText", text=sentence)  # as typing does
    target = "document.getElementById('target').innerText.trim()"
    b.until(f"{target} === {json.dumps(translation)}")
    b.until("!document.getElementById('closer').hidden && document.querySelectorAll('#choices li').length > 1")

    # A word that is pointed at lights up what it looked at.
    box = b.run("(() => { const r = document.querySelector('#target .word').getBoundingClientRect();"
                "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    b.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    b.until("document.getElementById('looks').textContent.length > 0")

    # The attention of every head.
    b.run("document.getElementById('attention').open = true")
    b.until("document.querySelectorAll('#maps svg').length > 0")
    for width, height in (1280, 800), (400, 800), (375, 800):
        for dark in False, True:
            b.size(width, height, dark)
            if b.run("document.documentElement.scrollWidth") > width:
                raise SystemExit(f"at {width} pixels the page is wider than the window")
            if b.run("""[...document.querySelectorAll('#maps label, .controls > *, footer')].some((one, i, all) =>
                all.slice(i + 1).some((other) => { const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
                    return a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top; }))"""):
                raise SystemExit(f"at {width} pixels something lies on something else")
            b.check_accessible()
            b.picture(f"serve-{width}-{'dark' if dark else 'light'}")
    # In a narrow window a head that is pointed at is shown.
    b.size(400, 500, False)
    b.run("document.querySelector('#maps .layer .option').scrollIntoView({block: 'start'})")
    box = b.run("(() => { const r = document.querySelectorAll('#maps .option')[4].getBoundingClientRect();"
                "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    for kind in "mousePressed", "mouseReleased":
        b.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
    b.until("(({top}) => top >= 0 && top < innerHeight)(document.querySelector('#maps .views .note').getBoundingClientRect())")
    b.run("document.querySelector('#maps .layer input').click()")
    b.size(1280, 800, False)

    # Arrow keys go through its heads, and through the cells of the large picture.
    b.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    legend = "document.querySelector('#maps .views .note').textContent"
    b.run("document.querySelector('#maps .layer :checked').focus()")
    assert b.run(legend).startswith("Mean of all")
    b.press("ArrowRight")
    assert b.run(legend).startswith("Layer 1, head 1"), b.run(legend)
    b.press("Tab")
    b.press("ArrowDown")
    b.press("ArrowRight")
    exact = b.run("document.querySelector('#maps .exact').textContent")
    assert exact and exact == b.run("document.querySelectorAll('#maps tbody tr')[0].cells[2].title"), exact

    # An alternative takes the place of the translation.
    second = b.run("document.querySelectorAll('#choices li')[1].innerText")
    b.run("(document.querySelectorAll('#choices li')[1].querySelector('button, a, input') ||"
          "document.querySelectorAll('#choices li')[1]).click()")
    b.until(f"{json.dumps(second)}.includes({target}) && {target}.length > 0")

    # Lines of a long text stay beside their translations, and where there is no room for both, below one another.
    tops = ("[document.getElementById('marks'), document.getElementById('target')].map((pane) =>"
            "[...pane.children].map((row) => Math.round(row.getBoundingClientRect().top)))")
    b.run("document.getElementById('clear').click()")
    b.call("Input.insertText", text="\n".join(["w5", f"{sentence} " * 6, sentence, "", sentence * 3, sentence]))
    b.until("document.querySelectorAll('#target .line').length === 6 && !document.querySelector('#target .old')")
    for width in 1280, 800:
        b.size(width, 800, False)
        b.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        left, right = b.run(tops)
        if left != right:
            raise SystemExit(f"at {width} pixels lines begin at {left}, their translations at {right}")
        if b.run("Math.abs(source.scrollHeight - marks.scrollHeight)") > 1:
            raise SystemExit("the marks do not lie under the text")
    b.size(400, 800, False)
    b.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert b.run("getComputedStyle(source).lineHeight") == b.run("getComputedStyle(target).lineHeight")
    b.size(1280, 800, False)

    # What is typed is text, whatever it looks like.
    b.run("document.getElementById('clear').click()")
    b.call("Input.insertText", text="<img src=x onerror=document.title=1> <b>bold</b>")
    b.until(f"{target}.length > 0 && !document.querySelector('#target img, #pair img, #choices img')")
    assert b.run("document.title") != "1"
finally:
    b.close()
print("the page does what it should")
