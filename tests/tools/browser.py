"""Chromium for the tests of pages. Speaks the DevTools protocol over a pipe, so that it needs nothing but Python."""
import atexit, base64, json, os, shutil, subprocess, tempfile, time


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
        atexit.register(self.clean_up, profile)
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

    def clean_up(self, profile):
        self.process.kill()
        self.process.wait()
        for _ in range(1000):  # its children, which end with it, may be writing yet
            shutil.rmtree(profile, ignore_errors=True)
            if not os.path.exists(profile):
                break
            time.sleep(0.01)

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

    def check_accessible(self):
        """What keyboards, readers and weak eyes need: levels of headings in order, names, contrast, and scroll areas that
        can be reached."""
        wrong = self.run(ACCESSIBLE)
        if wrong:
            raise SystemExit("for some the page is hard to use: " + "; ".join(wrong[:8]))

    def picture(self, name):
        if self.pictures:
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            open(os.path.join(self.pictures, name + ".png"), "wb").write(base64.b64decode(data))


ACCESSIBLE = r"""(() => {
    const wrong = [], all = [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility());
    const shown = (one) => `<${one.tagName.toLowerCase()} class="${one.getAttribute("class") ?? ""}"> ${one.textContent.trim().slice(0, 40)}`;

    const levels = all.filter((one) => /^H[1-6]$/.test(one.tagName)).map((one) => Number(one.tagName[1]));
    if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) wrong.push(`headings begin with ${levels}`);
    levels.forEach((level, i) => i && level > levels[i - 1] + 1 && wrong.push(`a heading ${level} follows one ${levels[i - 1]}`));
    for (const section of all.filter((one) => one.tagName === "SECTION"))
        if (!section.querySelector("h1, h2, h3")) wrong.push(`a section without a heading: ${shown(section)}`);

    const reached = (one) => one.tabIndex >= 0 || [...one.querySelectorAll("*")].some((part) => part.tabIndex >= 0 && part.checkVisibility());
    for (const one of all) {
        const scrolls = /auto|scroll/.test(getComputedStyle(one).overflow) && one !== document.body &&
            (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight);
        if (scrolls && !reached(one)) wrong.push(`no key reaches what scrolls: ${shown(one)}`);
        const name = one.getAttribute("aria-label") ?? one.getAttribute("aria-labelledby") ?? one.textContent.trim();
        if (one.tabIndex >= 0 && !name && !one.labels?.length) wrong.push(`it has no name: ${shown(one)}`);
    }
    if (all.some((one) => one.classList.contains("plot") && one.tabIndex < 0)) wrong.push("no key reaches a plot");

    // Colours as bytes, whatever they are written in.
    const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
    const bytesOf = (colour) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const over = ([r, g, b, a], below, opacity = 1) => [r, g, b].map((c, i) => below[i] + (c - below[i]) * a / 255 * opacity);
    const ancestors = (one) => one ? [...ancestors(one.parentElement), one] : [];
    const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    for (const one of all) {
        const text = [...one.childNodes].filter((node) => node.nodeType === 3 && node.data.trim()), style = getComputedStyle(one);
        if (!text.length || one.closest("option, [aria-hidden=true]") || one.matches(":disabled, :disabled *")) continue;
        const outside = ancestors(one), opacity = outside.reduce((product, a) => product * Number(getComputedStyle(a).opacity), 1);
        const below = outside.reduce((rgb, a) => over(bytesOf(getComputedStyle(a).backgroundColor), rgb), [255, 255, 255]);
        const ink = over(bytesOf(one instanceof SVGElement ? style.fill : style.color), below, opacity);
        const [dark, bright] = [light(ink), light(below)].sort((a, b) => a - b), contrast = (bright + 0.05) / (dark + 0.05);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (contrast < (large ? 3 : 4.5)) wrong.push(`contrast ${contrast.toFixed(2)}: ${shown(one)}`);
    }
    return [...new Set(wrong)];
})()"""
