// The page of `dragoman serve`: what is typed goes to POST /translate line by line, and comes back with alternatives and
// alignment. Text from the model is only ever put in as text.
"use strict";

const source = byId("source"), target = byId("target"), marks = byId("marks");

const PAUSE = 250;  // milliseconds without a key before what was typed is translated
const AT_ONCE = 32;  // lines of a request: the first ones of a long text show while the others are at work
const REMEMBERED = 5000;  // lines

const served = fetch("info").then((response) => response.json());  // which model this is
const known = new Map();   // line -> what the server answered: a translation, or {error}
const chosen = new Map();  // line -> which of its alternatives
let shown = [];            // what each row shows: {line, answer}
let selected = 0;          // the row that is looked at closely
let running = null;        // the AbortController of what is on its way
let timer = 0;

const lines = () => source.value.split(/\r?\n/);
const isBlank = (line) => !line.trim();
const hypothesisOf = (line, answer) => answer.n_best[Math.min(chosen.get(line) ?? 0, answer.n_best.length - 1)];

// ---- Words in their text --------------------------------------------------------------------------------------------

// Where a word stands at or behind `from`: as it is, or in pieces that @@ joins.
function find(text, word, from) {
    if (!word) return null;
    const at = text.indexOf(word, from);
    if (at >= 0) return [at, at + word.length];
    const letters = Array.from(word, (c) => c.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&"));
    const pieces = new RegExp(letters.join("(?:@@ )?"), "gu");
    pieces.lastIndex = from;
    const match = pieces.exec(text);
    return match && [match.index, match.index + match[0].length];
}

// The text as [[string, number of the word or -1], ...].
function cut(text, words) {
    const parts = [];
    let end = 0;
    words.forEach((word, number) => {
        const place = find(text, word, end);
        if (!place) return;
        if (place[0] > end) parts.push([text.slice(end, place[0]), -1]);
        parts.push([text.slice(...place), number]);
        end = place[1];
    });
    if (end < text.length) parts.push([text.slice(end), -1]);
    return parts;
}

// ---- Asking the server ----------------------------------------------------------------------------------------------

async function ask(path, body, signal) {
    let response, answer;
    try {
        response = await fetch(path, {method: "POST", signal, headers: {"Content-Type": "application/json"},
                                      body: JSON.stringify(body)});
        answer = await response.json();
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Error("The server does not answer: is dragoman serve still running?");
    }
    if (response.ok) return answer;
    throw Object.assign(new Error(answer.error), {line: answer.line});
}

const settings = () => ({beam_size: Number(byId("beam").value)});

// Translates some lines; one that is refused is remembered with the reason, and the others go on without it.
async function askFor(some, signal) {
    const {alignment} = await served;
    while (some.length) {
        try {
            const answers = await ask("translate", {lines: some, n_best: Number(byId("alternatives").value),
                                                    alignment, ...settings()}, signal);
            some.forEach((line, i) => known.set(line, answers[i]));
            return;
        } catch (error) {
            if (!error.line) throw error;
            const [refused] = some.splice(error.line - 1, 1);
            known.set(refused, {error: error.message.replace(/^line \d+: /, "")});
        }
    }
}

function complain(message) {
    byId("problem").textContent = message;
    byId("problem").hidden = !message;
}

async function translate() {
    clearTimeout(timer);
    running?.abort();
    const mine = running = new AbortController(), before = performance.now();
    if (known.size > REMEMBERED) known.clear();
    const wanted = [...new Set(lines().filter((line) => !isBlank(line) && !known.has(line)))], count = wanted.length;
    show();
    try {
        while (wanted.length) {
            byId("status").textContent = `${counted(wanted.length, "line")} to go …`;
            await askFor(wanted.splice(0, AT_ONCE), mine.signal);
            show();
        }
        const seconds = (performance.now() - before) / 1000;
        if (count) byId("status").textContent = `${counted(count, "line")} in ${seconds.toFixed(2)} s`;
        complain("");
    } catch (error) {
        if (error.name === "AbortError") return;
        byId("status").textContent = "";
        complain(error.message);
    }
}

function translateSoon() {
    clearTimeout(timer);
    if (byId("live").checked) timer = setTimeout(translate, PAUSE);
}

// ---- The translation ------------------------------------------------------------------------------------------------

function wordOf(part, row, number, first) {
    const word = element("span", {className: "word", textContent: part, tabIndex: first ? 0 : -1});
    word.dataset.row = row;
    word.dataset.word = number;
    return word;
}

function rowOf({line, answer, old}, row) {
    const made = element("div", {className: "line", dir: "auto"});
    made.dataset.row = row;
    made.classList.toggle("old", Boolean(old));
    made.classList.toggle("here", row === selected && shown.length > 1);
    if (answer?.error) {
        made.classList.add("bad");
        made.textContent = `Not translated: ${answer.error}`;
    } else if (answer) {
        const hypothesis = hypothesisOf(line, answer);
        let first = true;
        for (const [part, number] of cut(hypothesis.text, hypothesis.words ?? [])) {
            made.append(number < 0 ? part : wordOf(part, row, number, first));
            first = first && number < 0;
        }
    }
    return made;
}

// A line that is being translated shows what its row showed before, faintly.
function show() {
    const before = shown;
    shown = lines().map((line, row) => {
        if (isBlank(line)) return {line};
        if (known.has(line)) return {line, answer: known.get(line)};
        return {line: before[row]?.line, answer: before[row]?.answer, old: true};
    });
    selected = Math.min(selected, shown.length - 1);
    const focused = document.activeElement?.dataset?.word !== undefined ? {...document.activeElement.dataset} : null;
    target.replaceChildren(...shown.map(rowOf));
    if (focused) wordAt(focused.row, focused.word)?.focus();
    mark(null);
    align();
    lookCloser();
    byId("copy").disabled = !shown.some(({answer}) => answer && !answer.error);
}

// ---- Which word looks at which --------------------------------------------------------------------------------------

const wordAt = (row, word) => target.querySelector(`[data-row="${row}"][data-word="${word}"]`);

// What the words of a line weigh for one of its translation; null where nothing is pointed at.
function weightsFor(row, word) {
    const {line, answer, old} = shown[row];
    if (!answer || answer.error || old) return null;
    const hypothesis = hypothesisOf(line, answer);
    return {words: hypothesis.source_words, weights: hypothesis.alignment[word], word: hypothesis.words[word]};
}

function marked(line, look) {
    return cut(line, look.words).map(([part, number]) => {
        if (number < 0) return part;
        const seen = element("span", {className: "seen", textContent: part});
        seen.style.setProperty("--strength", look.weights[number].toFixed(3));
        return seen;
    });
}

// Lights up what a word looked at, in the text and in the closer look; null: nothing.
function mark(place) {
    const look = place && weightsFor(place.row, place.word);
    const rows = lines().map((line, row) => {
        const made = element("div", {className: "line", dir: "auto"});
        made.classList.toggle("here", row === selected && shown.length > 1);
        made.append(...(look && Number(place.row) === row ? marked(line, look) : [line]));
        return made;
    });
    marks.replaceChildren(...rows);
    for (const word of target.querySelectorAll(".now")) word.classList.remove("now");
    if (!look) {
        byId("looks").textContent = "";
        return;
    }
    wordAt(place.row, place.word)?.classList.add("now");
    const strongest = look.words.map((word, i) => [word, look.weights[i]]).filter(([, weight]) => weight >= 0.05);
    strongest.sort((a, b) => b[1] - a[1]);
    byId("looks").textContent = `${look.word} looks at ` +
        (strongest.map(([word, weight]) => `${word} ${Math.round(100 * weight)}%`).join(", ") || "no word much");
}

function pointed(event) {
    const word = event.target.closest(".word");
    if (word && Number(word.dataset.row) !== selected && event.type !== "mouseover") select(Number(word.dataset.row));
    mark(word ? word.dataset : null);
}

function select(row) {
    if (row === selected) return;
    selected = row;
    for (const line of target.children) line.classList.toggle("here", Number(line.dataset.row) === row && shown.length > 1);
    mark(null);
    lookCloser();
}

const STEPS = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: "down", ArrowUp: "up"};

// Arrow keys go from word to word, and from line to line.
function walk(event) {
    const step = STEPS[event.key], word = event.target.closest(".word");
    if (!step || !word) return;
    event.preventDefault();
    const all = [...target.querySelectorAll(".word")], row = Number(word.dataset.row);
    let next = all[all.indexOf(word) + step];
    if (step === "down") next = all.find((other) => Number(other.dataset.row) > row);
    if (step === "up") next = all.findLast((other) => Number(other.dataset.row) < row && other.tabIndex === 0);
    next?.focus();
}

// ---- A closer look --------------------------------------------------------------------------------------------------

// Of a model that aligns nothing the answer has no words.
const wordsOf = ({text, words}) => words ?? text.split(" ");

// The words of `b` that the longest common run of words in order does not share with `a`.
function differences(a, b) {
    const length = Array.from({length: a.length + 1}, () => new Array(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
            length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    const other = new Set();
    for (let i = 0, j = 0; j < b.length;)
        if (i < a.length && a[i] === b[j]) i++, j++;
        else if (i < a.length && length[i + 1][j] >= length[i][j + 1]) i++;
        else other.add(j++);
    return other;
}

function choiceOf(line, answer, number) {
    const hypothesis = answer.n_best[number], other = differences(wordsOf(answer.n_best[0]), wordsOf(hypothesis));
    const text = element("span", {dir: "auto"});
    for (const [part, word] of cut(hypothesis.text, wordsOf(hypothesis)))
        text.append(other.has(word) ? element("b", {textContent: part}) : part);
    const score = element("span", {className: "score", textContent: hypothesis.score.toFixed(3).replace("-", "−"),
                                   title: "log-probability a piece: the nearer to 0 the better"});
    const button = element("button", {type: "button"}, text, score);
    button.setAttribute("aria-pressed", String(hypothesis === hypothesisOf(line, answer)));
    button.addEventListener("click", () => {
        chosen.set(line, number);
        show();
        byId("choices").children[number].firstChild.focus();
    });
    return element("li", {}, button);
}

function lookCloser() {
    const {line, answer, old} = shown[selected] ?? {};
    if (old) return;
    const looked = Boolean(answer && !answer.error);
    byId("closer").hidden = !looked;
    if (!looked) return;
    byId("pair").replaceChildren(element("bdi", {textContent: line}), element("span", {className: "arrow", textContent: " → "}),
                                 element("bdi", {textContent: hypothesisOf(line, answer).text}));
    byId("choices").replaceChildren(...answer.n_best.map((_, number) => choiceOf(line, answer, number)));
    showAttention(line, settings());
}

// ---- What each head looks at, of the line that is looked at closely ------------------------------------------------

const view = new AttentionView(byId("maps"));
let attended = {line: null, settings: {}, seen: null};  // seen: what the server answered
let asking = null;  // the AbortController of what is on its way

async function loadAttention() {
    asking?.abort();
    const mine = asking = new AbortController(), asked = attended;
    try {
        asked.seen = await ask("attention", {line: asked.line, ...asked.settings}, mine.signal);
        if (asked !== attended) return;
        byId("seen").replaceChildren("Of the best translation, “", element("bdi", {textContent: asked.seen.text}), "”",
            ...(isLooking(asked.seen) ? ["; each row sums to 1: ", scaleOfWeights()] : []),
            hasSpaces(asked.seen) ? `. ${SPACES}` : "");
        view.show(asked.seen);
    } catch (error) {
        if (error.name === "AbortError") return;
        byId("seen").replaceChildren();
        byId("maps").textContent = error.message.replace(/^line \d+: /, "");
    }
}

// Shows the attention of a line, now or as soon as it is asked for.
function showAttention(line, how) {
    if (line !== attended.line || JSON.stringify(how) !== JSON.stringify(attended.settings))
        attended = {line, settings: how, seen: null};
    if (byId("attention").open && !attended.seen) loadAttention();
}

byId("attention").addEventListener("toggle", () => {
    if (byId("attention").open && !attended.seen) loadAttention();
});

// ---- The text -------------------------------------------------------------------------------------------------------

// The sheet grows with its text, so that text and marks never scroll apart.
function fit() {
    source.style.height = "auto";
    source.style.height = `${source.scrollHeight}px`;
}

const MOST_STRETCH = 3;
const heightOf = (row) => row.getBoundingClientRect().height;
const besides = matchMedia("(min-width: 701px)");  // as serve.css has it

// Side by side, each line begins where its translation does. Between two lines of a text area there can be no more room
// than between all of them: where a translation is longer than its line, all lines get as much as this one needs.
function align() {
    const panes = source.closest(".panes"), rows = [...target.children], of = [...marks.children];
    panes.style.setProperty("--stretch", 1);
    for (const row of rows) row.style.removeProperty("--room");
    if (besides.matches && rows.length > 1 && of.length === rows.length) {
        const ratios = rows.map((row, i) => heightOf(row) / heightOf(of[i]));
        panes.style.setProperty("--stretch", Math.min(Math.max(1, ...ratios), MOST_STRETCH));
        const heights = of.map(heightOf);
        rows.forEach((row, i) => row.style.setProperty("--room", `${heights[i]}px`));
    }
    fit();
}

function rowOfCaret() {
    return source.value.slice(0, source.selectionStart).split("\n").length - 1;
}

source.addEventListener("input", () => {
    fit();
    selected = rowOfCaret();
    mark(null);
    translateSoon();
});
document.addEventListener("selectionchange", () => {
    if (document.activeElement === source && shown.length) select(Math.min(rowOfCaret(), shown.length - 1));
});
document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    translate();
});
target.addEventListener("mouseover", pointed);
target.addEventListener("mouseleave", () => mark(document.activeElement?.dataset?.word ? document.activeElement.dataset : null));
target.addEventListener("focusin", pointed);
target.addEventListener("focusout", () => mark(null));
target.addEventListener("click", (event) => {
    const row = event.target.closest(".line");
    if (row) select(Number(row.dataset.row));
    pointed(event);
});
target.addEventListener("keydown", walk);
byId("translate").addEventListener("click", translate);
byId("live").addEventListener("change", translateSoon);
for (const id of ["beam", "alternatives"])
    byId(id).addEventListener("change", () => {
        known.clear();
        chosen.clear();
        translate();
    });
byId("clear").addEventListener("click", () => {
    source.value = "";
    chosen.clear();
    fit();
    translate();
    byId("status").textContent = "";
    source.focus();
});
byId("copy").addEventListener("click", async () => {
    const text = shown.map(({line, answer}) => answer && !answer.error ? hypothesisOf(line, answer).text : "");
    await navigator.clipboard.writeText(text.join("\n"));
    byId("status").textContent = "Copied";
});
addEventListener("resize", align);

// ---- The model ------------------------------------------------------------------------------------------------------

function nameOf(language) {
    try {
        return new Intl.DisplayNames(["en"], {type: "language"}).of(language);
    } catch {
        return language;
    }
}

function introduce({models, version, alignment}) {
    const [model] = models, names = models.map(({name}) => name).join(" + ");
    byId("name").textContent = names;
    document.title = `${names} – Dragoman`;
    byId("foot").textContent = `dragoman ${version}`;
    const facts = [model.architecture, `width ${model.d_model}`, counted(model.vocab_size, "piece")];
    if (model.decoder_attention_heads) facts.splice(1, 0, `${model.decoder_attention_heads} heads`);
    if (model.decoder_layers) facts.splice(1, 0, `${model.encoder_layers} + ${model.decoder_layers} layers`);
    for (const id of ["how", "looks", "attention"]) byId(id).hidden = !alignment;
    if (models.length > 1) facts.unshift(`${models.length} models together; the first one has`);
    byId("about").textContent = facts.join(", ");
    if (model.segmenter === "space")
        byId("about").textContent += ". It takes text in pieces with spaces between them, like the text it learnt from.";
    if (model.source_language) {
        byId("source-title").textContent = nameOf(model.source_language);
        source.lang = model.source_language;
    }
    if (model.target_language) {
        byId("target-title").textContent = nameOf(model.target_language);
        target.lang = model.target_language;
    }
}

served.then(introduce).catch((error) => complain(error.message));
fit();
show();
if (source.value) translate();
