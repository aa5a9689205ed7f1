"""Chromium for the tests of pages. Speaks the DevTools protocol over a pipe, so that it needs nothing but Python."""
import base64, json, os, subprocess, tempfile


class Browser:
    def __init__(self, program, pictures=None):
        self.pictures, self.errors = pictures, []
        to_read, self.to = os.pipe()
        self.answers, to_write = os.pipe()
        self.buffer, self.number, self.session = b"", 0, None
        profile = tempfile.mkdtemp(prefix="dragoman-browser-")

        def descriptors():  # the browser reads from 3 and writes to 4
            os.dup2(to_read, 103), os.dup2(to_write, 104)
            os.dup2(103, 3), os.dup2(104, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=descriptors, stderr=subprocess.DEVNULL, close_fds=False)
        os.close(to_read), os.close(to_write)
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        self.call("Runtime.enable")
        self.call("Page.enable")

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
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(answer["params"]["exceptionDetails"])
            if answer.get("method") == "Page.javascriptDialogOpening":  # until it is closed, nothing else is answered
                raise SystemExit(f"the page opened a dialog: {answer['params']['message']}")
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

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    def press(self, key):
        code = {"Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}[key]
        for kind in "rawKeyDown", "keyUp":
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def close(self):
        """Whatever the page's scripts did not catch is an error."""
        self.process.kill()
        if self.errors:
            raise SystemExit(f"errors in the page: {self.errors}")

    def size(self, width, height, dark):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, name):
        if self.pictures:
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            open(os.path.join(self.pictures, name + ".png"), "wb").write(base64.b64decode(data))
