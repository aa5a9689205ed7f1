// The page of `dragoman report`: an overview, curves, samples, BLEU by length, attention and settings of the runs, out of
// the figures that stand in the page as JSON (tools/report_figures.c says what they are).
"use strict";

const {version, runs} = JSON.parse(byId("figures").textContent);
const many = runs.length > 1;
const colourOf = (number) => `c${number % 8}`;
const note = (text) => element("p", {className: "note", textContent: text});
const dash = "–";

// Where there are several runs: whose part begins here.
function titleOf(run, number) {
    const chip = element("i", {className: "chip"});
    return many ? [element("h3", {className: colourOf(number)}, chip, run.name)] : [];
}

// What scrolls when the window is narrow: the keyboard has to reach it.
function scrollArea(ariaLabel, ...content) {
    return element("div", {className: "scroll", tabIndex: 0, role: "region", ariaLabel}, ...content);
}

// A section has, below its title, a part for every run: nodes.
function fillByRun(id, partOf) {
    byId(id).append(...runs.flatMap((run, number) => [...titleOf(run, number), ...partOf(run, number)]));
}

// ---- Metrics of a validation ----------------------------------------------------------------------------------------

// What some are called here, and how they are written; the log says the rest.
const KNOWN = {
    "ce-mean-words": {title: "Cost", fact: "Validation cost", note: "nats a piece", digits: 3, train: "cost"},
    "perplexity": {title: "Perplexity", note: "e to the cost", digits: 2, train: "ppl", logarithmic: true},
    "bleu": {title: "BLEU", note: "validation text, greedy", digits: 1},
    "chrf": {title: "chrF", note: "validation text, greedy", digits: 1},
};
const measured = Object.assign({}, ...runs.map(({metrics}) => metrics));
const METRICS = [...new Set([...Object.keys(KNOWN), ...Object.keys(measured)])].map((valid) => {
    const falls = measured[valid]?.falls ?? false;
    return {valid, falls, title: valid, note: `validation text${falls ? ", less is better" : ""}`, ...KNOWN[valid]};
});

// ---- Overview -------------------------------------------------------------------------------------------------------

const fixed = (value, digits) => Math.abs(value) < 1e15 ? value.toFixed(digits) : String(value);

// Of runs, the one with the lowest rank is the best.
function bestOf({training}, {valid, falls, digits}) {
    const best = training.best[valid];
    return best && {value: digits === undefined ? short(best.value, 4) : fixed(best.value, digits),
                    note: `best, at update ${best.update ?? dash}`, rank: falls ? best.value : -best.value};
}

function updatesOf({training: {updates, epoch}}) {
    return updates !== null && {value: fixed(updates, 0), note: epoch === null ? "" : `in epoch ${fixed(epoch, 0)}`};
}

function timeOf({training: {seconds}}) {
    if (seconds === null) return null;
    const value = seconds < 36000 ? `${fixed(seconds / 60, seconds < 600 ? 1 : 0)} min` : `${fixed(seconds / 3600, 1)} h`;
    return {value, note: "of training"};
}

function speedOf({speed}) {
    return speed !== null && {value: fixed(speed, 0), note: "target pieces a second, median"};
}

const FACTS = [
    ...[...METRICS].sort((a, b) => a.falls - b.falls).map((metric) => [metric.fact ?? metric.title, (run) => bestOf(run, metric)]),
    ["Updates", updatesOf],
    ["Time", timeOf],
    ["Speed", speedOf],
];

function stateOf({training: {ended, kept}}) {
    if (ended === null) return "Not at its end: it is being trained, or was stopped.";
    return `Ended: ${ended}. Kept: ${kept ?? dash}.`;
}

function tilesOf(run) {
    const tiles = FACTS.map(([name, factOf]) => [name, factOf(run)]).filter(([, fact]) => fact);
    return [element("p", {textContent: stateOf(run)}),
            element("dl", {className: "tiles"}, ...tiles.map(([name, fact]) => element("div", {},
                element("dt", {textContent: name}), element("dd", {textContent: fact.value}),
                element("dd", {className: "note", textContent: fact.note}))))];
}

function rowOf(name, ...cells) {
    return element("tr", {}, element("th", {scope: "row", textContent: name}), ...cells);
}

function factRow([name, factOf]) {
    const facts = runs.map(factOf), lowest = Math.min(...facts.map((fact) => fact?.rank ?? Infinity));
    if (!facts.some(Boolean)) return [];
    return [rowOf(name, ...facts.map((fact) => element("td", {className: fact && fact.rank <= lowest ? "best" : ""},
        `${fact ? fact.value : dash} `, element("span", {className: "note", textContent: fact ? fact.note : ""}))))];
}

// Settings that are not the same in all runs, each once, whichever run it was found in. Every folder is another one.
function differentSettings() {
    const names = new Set(runs.flatMap((run) => Object.keys(settingsOf(run))));
    names.delete("model");
    const rows = [...names].map((name) => [name, runs.map((run) => settingOf(run, name))]);
    return rows.filter(([, texts]) => new Set(texts).size > 1);
}

function comparison() {
    const whole = (tag, text) => element(tag, {colSpan: runs.length + 1, textContent: text}), different = differentSettings();
    return scrollArea("The runs side by side", element("table", {className: "runs"},
        element("thead", {}, element("tr", {}, element("td"), ...runs.map((run, number) =>
            element("th", {scope: "col", className: `run ${colourOf(number)}`}, element("i", {className: "chip"}), run.name)))),
        element("tbody", {}, ...FACTS.flatMap(factRow),
            rowOf("End", ...runs.map((run) => element("td", {className: "note", textContent: stateOf(run)}))),
            element("tr", {className: "part"}, whole("th", "Settings that differ")),
            ...different.map(([name, texts]) => rowOf(name, ...texts.map((textContent) => element("td", {textContent})))),
            ...(different.length ? [] : [element("tr", {}, whole("td", "None: the runs were told the same."))]))));
}

function fillOverview() {
    byId("overview").append(...(many ? [comparison()] : tilesOf(runs[0])));
}

// ---- Curves ---------------------------------------------------------------------------------------------------------

const FIGURES = [
    ...METRICS,
    {title: "Learning rate", note: "", train: "learn_rate"},
    {title: "Gradient norm", note: "before clipping", train: "gradient_norm"},
    {title: "Speed", note: "target pieces a second", train: "target_tokens_per_second"},
    {title: "Busiest expert", note: "times its even share, of any layer", train: "busiest_expert"},
    {title: "Entropy of routers", note: "nats a piece", train: "router_entropy"},
];

// Of a figure, what has points; validation lies above training.
function seriesOf(figure, unit) {
    const of = (kind) => runs.map((run, number) => {
        const points = (run.curves[kind][figure[kind]] ?? []).map(([update, seconds, value]) =>
            ({x: unit === "minutes" ? seconds / 60 : update, update, minutes: seconds / 60, value}));
        return {run: number, name: run.name, kind, points};
    });
    return [...of("train"), ...of("valid")].filter(({points}) => points.length);
}

function legend(kinds) {
    const line = (kind, ...more) => drawn("svg", {viewBox: "0 0 30 8", "aria-hidden": true},
        drawn("g", {class: `c0 ${kind}`}, drawn("path", {class: "curve", d: "M0 4H30"}), ...more));
    const names = many ? runs.map((run, number) => element("span", {className: colourOf(number)},
                                                           element("i", {className: "chip"}), run.name)) : [];
    const lines = {train: () => [line("train"), " training"],
                   valid: () => [line("valid", drawn("circle", {cx: 15, cy: 4, r: 3})), " validation"]};
    return element("p", {className: "legend"}, ...names, ...kinds.map((kind) => element("span", {}, ...lines[kind]())));
}

function fillCurves() {
    const figures = element("div", {className: "figures"});
    const withNorms = runs.filter(({layers}) => layers.rows.some(({norms}) => norms.some((norm) => norm > 0)));
    const draw = (unit) => figures.replaceChildren(...FIGURES.map((figure) => [figure, seriesOf(figure, unit)])
        .filter(([, series]) => series.length).map(([figure, series]) => figureOf(figure, series, unit, many)),
        ...withNorms.map(({layers, name}) => layersFigureOf(layers, unit, many && name)));
    draw("updates");
    if (!figures.children.length) {
        byId("curves").append(note("train.jsonl has no figures yet."));
        return;
    }
    const units = ["updates", "minutes"].map((unit) =>
        option({name: "unit", checked: unit === "updates"}, () => draw(unit), unit));
    byId("curves").append(element("div", {className: "switch", role: "radiogroup", ariaLabel: "Curves against"}, ...units),
                          legend(["train", "valid"].filter((kind) => figures.querySelector(`.${kind}`))), figures);
}

// ---- Experts --------------------------------------------------------------------------------------------------------

// A column for every expert of a layer: half of the height is an even share, the whole twice that or more.
function layerOf({layer, load, entropy}) {
    const columns = load.map((share, expert) => {
        const column = element("i", {title: `expert ${expert}: ${(100 * share).toFixed(1)}%`});
        column.style.height = `${Math.min(100, 50 * share * load.length)}%`;
        return column;
    });
    return rowOf(layer, element("td", {}, element("div", {className: "columns"}, ...columns)),
                 element("td", {className: "note", textContent: `entropy ${entropy.toFixed(2)} of ${Math.log(load.length).toFixed(2)}`}));
}

function fillExperts() {
    fillByRun("experts", ({experts}, number) => experts
        ? [element("table", {className: `loads ${colourOf(number)}`}, element("tbody", {}, ...experts.map(layerOf)))]
        : [note("No layer has experts.")]);
    byId("experts").append(note("Of the last update in the log. The line is an even share; entropy: of what a piece chooses by."));
}

// ---- Samples --------------------------------------------------------------------------------------------------------

const MOST_ROWS = 10;

// The translation, its words that the reference does not have marked, where it has words.
function markedText(text, reference) {
    if (!text) return [element("span", {className: "note", textContent: "(empty)"})];
    const known = reference.includes(" ") ? new Set(reference.split(" ")) : null;
    return text.split(/( +)/).map((word) => known && word.trim() && !known.has(word)
        ? element("span", {className: "off", textContent: word}) : word);
}

function translationsTable(stretches, reference) {
    const head = element("tr", {}, element("th", {scope: "col", textContent: "update"}),
                         element("th", {scope: "col", textContent: "translation"}));
    return element("table", {className: "samples"}, element("thead", {}, head), element("tbody", {}, ...stretches.map(
        ({first, last, text}) => rowOf(last > first ? `${first}–${last}` : String(first),
                                       element("td", {dir: "auto"}, ...markedText(text, reference))))));
}

// One row for as long as the translation stays the same; of very many rows ten, and all of them on demand.
function sentenceOf({source, reference, translations}) {
    const stretches = [];
    for (const [update, text] of translations) {
        if (stretches.at(-1)?.text !== text) stretches.push({first: update ?? 0, text});
        stretches.at(-1).last = update ?? 0;
    }
    const count = stretches.length, some = count <= MOST_ROWS ? stretches : Array.from({length: MOST_ROWS},
        (_, i) => stretches[Math.floor(i * (count - 1) / (MOST_ROWS - 1))]);
    const article = element("article", {}, element("p", {className: "source", dir: "auto", textContent: source}),
        element("p", {className: "reference", dir: "auto"}, `${reference} `,
                element("span", {className: "note", textContent: "reference"})), translationsTable(some, reference));
    if (count > MOST_ROWS)
        article.append(element("details", {}, element("summary", {textContent: `all ${count} different translations`}),
                               translationsTable(stretches, reference)));
    return article;
}

function fillSamples() {
    if (runs.some(({samples}) => samples.length))
        byId("samples").append(element("p", {className: "note"}, "Greedy, at every validation. ",
            element("span", {className: "off", textContent: "Marked"}), ": words that the reference does not have."));
    fillByRun("samples", samplesOf);
}

function samplesOf({samples}) {
    return samples.length ? samples.map(sentenceOf) : [note("No samples yet: they come with a validation.")];
}

// ---- BLEU by length -------------------------------------------------------------------------------------------------

// What a whole bar stands for is the same in all runs.
function fillLengths() {
    const best = Math.max(...runs.flatMap(({lengths}) => lengths.buckets ?? []).map(({bleu}) => bleu));
    const whole = best <= 20 ? 20 : best <= 50 ? 50 : 100;
    fillByRun("lengths", ({lengths}, number) => {
        if (lengths.note) return [note(lengths.note)];
        return [element("table", {className: `bars ${colourOf(number)}`}, element("tbody", {},
            ...lengths.buckets.map(({least, most, sentences, bleu}) => {
                const bar = element("i");
                bar.style.width = `${100 * bleu / whole}%`;
                return rowOf(`${least}–${most} ${lengths.unit}`, element("td", {className: "bar"}, bar),
                             element("td", {textContent: bleu.toFixed(1)}),
                             element("td", {className: "note", textContent: `${sentences} sentences`}));
            })))];
    });
    if (runs.some(({lengths}) => lengths.buckets))
        byId("lengths").append(note("The validation text, translated greedily by model.safetensors as it is now."));
}

// ---- Attention ------------------------------------------------------------------------------------------------------

function attendedOf({line, seen}) {
    const maps = element("div");
    new AttentionView(maps).show(seen);
    return element("article", {}, element("p", {className: "pair"}, element("bdi", {textContent: line}),
        element("span", {className: "arrow", textContent: " → "}), element("bdi", {textContent: seen.text})), maps);
}

function fillAttention() {
    const seen = runs.flatMap(({attention}) => attention.sentences.map((sentence) => sentence.seen));
    if (seen.some(isLooking))
        byId("attention").append(element("p", {className: "note"}, "Each row sums to 1: ", scaleOfWeights(),
                                         `. Select a head to see it large.${seen.some(hasSpaces) ? ` ${SPACES}` : ""}`));
    fillByRun("attention", ({attention}) => [...(attention.note ? [note(attention.note)] : []),
                                             ...attention.sentences.map(attendedOf)]);
}

// ---- Settings -------------------------------------------------------------------------------------------------------

// What `dragoman train` was told.
function settingsOf({config}) {
    const training = config?.dragoman?.training;
    return training && typeof training === "object" && !Array.isArray(training) ? training : {};
}

// As a command line would have it.
function settingText(value) {
    if (value === null) return dash;
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value === "number") return short(value, 12);
    return typeof value === "object" ? Object.values(value).map(settingText).join(" ") : value;
}

function settingOf(run, name) {
    const settings = settingsOf(run);
    return Object.hasOwn(settings, name) ? settingText(settings[name]) : dash;
}

function settingsTable(title, settings) {
    const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);
    const rows = Object.entries(settings).filter(([, value]) => !isObject(value))
        .map(([name, value]) => rowOf(name, element("td", {textContent: settingText(value)})));
    return element("table", {}, element("caption", {textContent: title}), element("tbody", {}, ...rows));
}

function fillSettings() {
    byId("settings").append(...runs.map((run) => {
        const tables = [["dragoman train", settingsOf(run)], ["config.json", run.config ?? {}],
            ["of the run", run.config?.dragoman ?? {}]];
        return element("details", {open: !many}, element("summary", {textContent: run.folder}), run.config
            ? element("div", {className: "tables"}, ...tables.filter(([, settings]) => Object.keys(settings).length)
                .map(([title, settings]) => settingsTable(title, settings)))
            : note("The folder has no config.json yet."));
    }));
}

// ---- The page -------------------------------------------------------------------------------------------------------

const SECTIONS = [  // and the figures of a run that they show
    ["overview", "training", fillOverview],
    ["curves", "curves", fillCurves],
    ["experts", "experts", fillExperts],
    ["samples", "samples", fillSamples],
    ["lengths", "lengths", fillLengths],
    ["attention", "attention", fillAttention],
    ["settings", "config", fillSettings],
];

document.title = `${runs.map(({name}) => name).join(", ")} – Dragoman`;
byId("names").append(...runs.flatMap(({name}, number) => [
    number ? element("span", {className: "note", textContent: " and "}) : "", element("bdi", {textContent: name})]));
byId("foot").textContent = `dragoman ${version}`;
for (const [id, figures, fill] of SECTIONS)
    if (runs.some((run) => figures in run)) {
        fill();
    } else {
        byId(id).remove();
        document.querySelector(`nav [href="#${id}"]`).remove();
    }
