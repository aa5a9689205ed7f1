#!/usr/bin/env bash
# Makes the two pictures of README.md anew: the page of dragoman serve and a report, as Chromium shows them.
#   scripts/pictures.sh [MODEL_FOLDER]      default: build/toy, as scripts/demo.sh leaves it
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
model=${1:-build/toy}
if [ ! -f "$model/model.safetensors" ]; then
    echo "pictures.sh: $model is not a trained model folder: run scripts/demo.sh first" >&2
    exit 1
fi
command -v chromium chromium-browser google-chrome > /dev/null || install_packages chromium
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$(fc-list :lang=zh)" ] || install_packages fonts-noto-cjk  # or Chinese is a row of boxes
command -v pngquant > /dev/null || install_packages pngquant

room=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$room"' EXIT

build/dragoman report --model "$model" --output "$room/report.html"
build/dragoman serve --model "$model" --port 0 2> "$room/log" &
server=$!
until address=$(sed -n 's/^Open \(http:[^ ]*\).*/\1/p' "$room/log") && [ -n "$address" ]; do
    kill -0 "$server" 2> /dev/null || { cat "$room/log" >&2; exit 1; }
    sleep 0.1
done

PYTHONPATH=tests/tools python3 -B - "$chromium" "$address" "$room/report.html" << 'PYTHON'
import base64, sys

from browser import Browser

chromium, address, report = sys.argv[1:]
b = Browser(chromium)
b.call("Emulation.setScrollbarsHidden", hidden=True)


def picture(name, width, end):
    """The top of the page, down to where the element `end` begins."""
    height = b.run(f"document.querySelector('{end}').getBoundingClientRect().top + scrollY")
    data = b.call("Page.captureScreenshot", captureBeyondViewport=True,
                  clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})["data"]
    open(f".github/pictures/{name}.png", "wb").write(base64.b64decode(data))


try:
    b.size(1000, 700, False)
    b.open(address)
    b.until("document.getElementById('about').textContent")
    b.run("document.getElementById('source').focus()")
    b.call("Input.insertText", text="我昨天买的书很有意思。\n虽然化学很难，但是我很喜欢。")
    b.until("document.querySelectorAll('#choices li').length > 1")
    b.run("document.getElementById('attention').open = true")
    b.until("document.querySelectorAll('#maps svg').length > 0")
    x, y = b.run("(() => { const r = document.querySelectorAll('#target .word')[1].getBoundingClientRect();"
                 "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    b.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    b.until("document.getElementById('looks').textContent.length > 0")
    picture("serve", 1000, "footer")
    b.size(1200, 700, False)
    b.open("file://" + report)
    picture("report", 1200, "#lengths")
finally:
    b.close()
PYTHON
pngquant --force --ext .png 64 .github/pictures/*.png  # a third of the bytes
