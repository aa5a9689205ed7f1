"""Drives the page of `dragoman serve` in Chromium: types, waits for the translation, hovers, chooses an alternative, opens
the picture of the attention. Arguments: the browser, the address, a sentence, its translation, and if wanted a folder for
screenshots. Speaks the DevTools protocol over a pipe, so that it needs nothing but Python."""
import base64, json, os, subprocess, sys, tempfile

browser, address, sentence, translation = sys.argv[1:5]
pictures = sys.argv[5] if len(sys.argv) > 5 else None


class Browser:
    def __init__(self):
        to_read, self.to = os.pipe()
        self.answers, to_write = os.pipe()
        self.buffer, self.number, self.session = b"", 0, None
        profile = tempfile.mkdtemp(prefix="dragoman-browser-")

        def descriptors():  # the browser reads from 3 and writes to 4
            os.dup2(to_read, 103), os.dup2(to_write, 104)
            os.dup2(103, 3), os.dup2(104, 4)

        self.process = subprocess.Popen(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=descriptors, stderr=subprocess.DEVNULL, close_fds=False)
        os.close(to_read), os.close(to_write)
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                part = os.read(self.answers, 1 << 20)
                if not part:
                    raise SystemExit("the browser has ended")
                self.buffer += part
            text, self.buffer = self.buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]

    def run(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, condition):
        """Waits in the page; the limit is for what hangs."""
        good = self.run(f"""new Promise(done => {{
            const end = Date.now() + 60000;
            const look = () => ({condition}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20);
            look(); }})""")
        if not good:
            raise SystemExit(f"never came: {condition}; the page: " + self.run("document.body.innerText"))

    def size(self, width, height, dark):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, name):
        if pictures:
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            open(os.path.join(pictures, name + ".png"), "wb").write(base64.b64decode(data))


b = Browser()
try:
    b.size(1280, 800, False)
    b.call("Page.enable")
    b.call("Page.navigate", url=address)
    b.until("document.readyState === 'complete' && document.getElementById('about').textContent")
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
    b.until("document.querySelectorAll('#maps svg, #maps canvas').length > 0")
    for width, height in (1280, 800), (375, 800):
        for dark in False, True:
            b.size(width, height, dark)
            if b.run("document.documentElement.scrollWidth > window.innerWidth"):
                raise SystemExit(f"at {width} pixels the page is wider than the window")
            if b.run("""[...document.querySelectorAll('#maps button, .controls > *, footer')].some((one, i, all) =>
                all.slice(i + 1).some((other) => { const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
                    return a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top; }))"""):
                raise SystemExit(f"at {width} pixels something lies on something else")
            b.picture(f"serve-{width}-{'dark' if dark else 'light'}")
    b.size(1280, 800, False)

    # An alternative takes the place of the translation.
    second = b.run("document.querySelectorAll('#choices li')[1].innerText")
    b.run("(document.querySelectorAll('#choices li')[1].querySelector('button, a, input') ||"
          "document.querySelectorAll('#choices li')[1]).click()")
    b.until(f"{json.dumps(second)}.includes({target}) && {target}.length > 0")

    # What is typed is text, whatever it looks like.
    b.run("document.getElementById('clear').click()")
    b.call("Input.insertText", text="<img src=x onerror=document.title=1> <b>bold</b>")
    b.until(f"{target}.length > 0 && !document.querySelector('#target img, #pair img, #choices img')")
    assert b.run("document.title") != "1"
finally:
    b.process.kill()
print("the page does what it should")
