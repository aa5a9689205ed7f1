// What the heads of the model look at, of one line: a small picture for every head of every layer, and a large one, with
// the pieces, of the one that is chosen or of the mean of all.
"use strict";

const KINDS = [
    {key: "cross", title: "Cross-attention", rows: "the piece that is written", columns: "the source piece looked at"},
    {key: "encoder", title: "Encoder self-attention", rows: "the source piece that looks", columns: "the source piece looked at"},
    {key: "decoder", title: "Decoder self-attention", rows: "the piece that is written", columns: "what was written before it"},
];

const attention = {line: null, settings: {}, seen: null, kind: KINDS[0], head: null, running: null};  // head: [layer, head]

// What stands at the sides of the pictures of a kind.
function sidesOf({source, target}, kind) {
    const before = ["start", ...target.slice(0, -1)];
    return {cross: [target, source], encoder: [source, source], decoder: [target, before]}[kind.key];
}

function meanOf(layers) {
    const heads = layers.flat();
    return heads[0].map((row, i) => row.map((_, j) => heads.reduce((sum, head) => sum + head[i][j], 0) / heads.length));
}

function paint(canvas, weights) {
    const pen = canvas.getContext("2d");
    canvas.width = weights[0].length;
    canvas.height = weights.length;
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--heat");
    weights.forEach((row, i) => row.forEach((weight, j) => {
        pen.globalAlpha = weight;
        pen.fillRect(j, i, 1, 1);
    }));
}

function headOf(weights, place, name) {
    const canvas = document.createElement("canvas"), button = element("button", {type: "button", className: "small"}, canvas, name);
    paint(canvas, weights);
    button.setAttribute("aria-pressed", String(String(place) === String(attention.head)));
    button.setAttribute("aria-label", place ? `layer ${place[0] + 1}, head ${place[1] + 1}` : "mean of all heads");
    button.dataset.place = String(place);
    button.addEventListener("click", () => {
        attention.head = place;
        draw();
        byId("maps").querySelector(`[data-place="${place}"]`).focus();
    });
    return button;
}

function layerOf(name, heads) {
    return element("div", {className: "layer"}, element("span", {textContent: name}), element("div", {}, ...heads));
}

function smallPictures(layers) {
    return element("div", {}, layerOf("all layers", [headOf(meanOf(layers), null, "mean")]),
                   ...layers.map((heads, layer) => layerOf(`layer ${layer + 1}`, heads.map(
                       (weights, head) => headOf(weights, [layer, head], `head ${head + 1}`)))));
}

function largePicture(weights, [rows, columns]) {
    const {kind, head} = attention, exact = element("p", {className: "exact note"});
    const name = head ? `Layer ${head[0] + 1}, head ${head[1] + 1}` : "Mean of all heads";
    const top = element("tr", {}, element("td", {}), ...columns.map((piece) => element("th", {textContent: piece, scope: "col"})));
    const body = weights.map((row, i) => element("tr", {}, element("th", {textContent: rows[i], scope: "row"}),
        ...row.map((weight, j) => {
            const cell = element("td", {title: `${rows[i]} → ${columns[j]}: ${weight.toFixed(2)}`});
            cell.style.setProperty("--strength", weight.toFixed(3));
            return cell;
        })));
    top.firstChild.style.background = "none";
    const legend = element("p", {className: "note", textContent: `${name}. Rows: ${kind.rows}; columns: ${kind.columns}.`});
    const table = element("table", {className: "large"},
                          element("thead", {}, top), element("tbody", {}, ...body));
    for (const event of ["mouseover", "click"])
        table.addEventListener(event, ({target}) => exact.textContent = target.closest("tbody td")?.title ?? "");
    table.setAttribute("aria-label", legend.textContent);
    return element("div", {}, legend, element("div", {className: "scroll"}, table), exact);
}

function kindButton(kind) {
    const button = element("button", {type: "button", textContent: kind.title});
    button.setAttribute("aria-pressed", String(kind === attention.kind));
    button.dataset.kind = kind.key;
    button.addEventListener("click", () => {
        attention.kind = kind;
        attention.head = null;
        draw();
        byId("maps").querySelector(`[data-kind="${kind.key}"]`).focus();
    });
    return button;
}

function draw() {
    const {seen, kind, head} = attention, layers = seen[kind.key];
    const scale = element("p", {className: "note"}, "Of the best translation, “", element("bdi", {textContent: seen.text}),
                          "”; each row sums to 1: ", element("span", {className: "scale"}, "0 ", element("i"), " 1"));
    const kinds = element("div", {className: "kinds"}, ...KINDS.filter(({key}) => seen[key].length).map(kindButton));
    const large = largePicture(head ? layers[head[0]][head[1]] : meanOf(layers), sidesOf(seen, kind));
    byId("maps").replaceChildren(scale, kinds, element("div", {className: "views"}, smallPictures(layers), large));
}

async function load() {
    attention.running?.abort();
    const mine = attention.running = new AbortController();
    attention.seen = null;
    try {
        attention.seen = await ask("attention", {line: attention.line, ...attention.settings}, mine.signal);
        draw();
    } catch (error) {
        if (error.name !== "AbortError") byId("maps").textContent = error.message.replace(/^line \d+: /, "");
    }
}

// Shows the attention of a line, now or as soon as it is asked for.
function showAttention(line, settings) {
    const same = line === attention.line && JSON.stringify(settings) === JSON.stringify(attention.settings);
    Object.assign(attention, {line, settings});
    if (byId("attention").open && !(same && attention.seen)) load();
    if (!same) attention.seen = null;
}

byId("attention").addEventListener("toggle", () => {
    if (byId("attention").open && !attention.seen) load();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => attention.seen && draw());
