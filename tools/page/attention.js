// What the heads of a model look at in one sentence: a small picture for every head of every layer, and a large one, with
// the pieces, of the one that is chosen or of the mean of all. What is seen: {source, target} are pieces, {encoder, decoder,
// cross} weights as [layers][heads][rows][columns].
"use strict";

const KINDS = [
    {key: "cross", title: "Cross-attention", rows: "the piece that is written", columns: "the source piece looked at"},
    {key: "encoder", title: "Encoder self-attention", rows: "the source piece that looks", columns: "the source piece looked at"},
    {key: "decoder", title: "Decoder self-attention", rows: "the piece that is written", columns: "what was written before it"},
];
const MOVES = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
const LEVELS = 20;  // of the small pictures

const isLooking = (seen) => KINDS.some(({key}) => seen[key].length);

// A piece that begins a word has ▁ in front, which beside a picture looks like a part of it.
const shownPiece = (piece) => piece.replaceAll("▁", "·");
const hasSpaces = ({source, target}) => [...source, ...target].some((piece) => piece.includes("▁"));
const SPACES = "A dot in a piece is a space.";

// What stands at the sides of the pictures of a kind.
function sidesOf({source, target}, kind) {
    const before = ["start", ...target.slice(0, -1)];
    return {cross: [target, source], encoder: [source, source], decoder: [target, before]}[kind.key]
        .map((pieces) => pieces.map(shownPiece));
}

function meanOf(layers) {
    const heads = layers.flat();
    return heads[0].map((row, i) => row.map((_, j) => heads.reduce((sum, head) => sum + head[i][j], 0) / heads.length));
}

// A cell is a unit square. Cells of about the same weight share one path; most weights are next to nothing and need none.
function smallPicture(weights) {
    const paths = Array.from({length: LEVELS + 1}, () => []);
    weights.forEach((row, i) => row.forEach((weight, j) => paths[Math.round(weight * LEVELS)].push(`M${j} ${i}h1v1h-1z`)));
    const picture = drawn("svg", {class: "cells", viewBox: `0 0 ${weights[0].length} ${weights.length}`,
                                  preserveAspectRatio: "none", "aria-hidden": true});
    paths.forEach((path, level) => level && path.length &&
                  picture.append(drawn("path", {"fill-opacity": level / LEVELS, d: path.join("")})));
    return picture;
}

function cellOf(weight, row, column) {
    const cell = element("td", {title: `${row} → ${column}: ${weight.toFixed(2)}`});
    cell.style.setProperty("--strength", weight.toFixed(3));
    return cell;
}

// The exact weight stands below where the mouse points, or where the arrow keys have gone.
function largePicture(weights, [rows, columns], legend) {
    const name = (piece, scope) => element("th", {scope}, element("span", {textContent: piece}));
    const cells = weights.map((row, i) => row.map((weight, j) => cellOf(weight, rows[i], columns[j])));
    const exact = element("p", {className: "exact note", role: "status"});
    const table = element("table", {className: "large", tabIndex: 0, ariaLabel: legend},
        element("thead", {}, element("tr", {}, element("th"), ...columns.map((piece) => name(piece, "col")))),
        element("tbody", {}, ...cells.map((row, i) => element("tr", {}, name(rows[i], "row"), ...row))));
    let place = null;  // [row, column]
    const look = (i, j) => {
        if (place) cells[place[0]][place[1]].classList.remove("here");
        place = [i, j];
        cells[i][j].classList.add("here");
        exact.textContent = cells[i][j].title;
    };
    for (const event of ["mouseover", "click"])
        table.addEventListener(event, ({target}) => {
            if (target.tagName === "TD") look(target.parentNode.rowIndex - 1, target.cellIndex - 1);
        });
    table.addEventListener("keydown", (event) => {
        const move = MOVES[event.key];
        if (!move) return;
        event.preventDefault();
        const [i, j] = place ? [place[0] + move[0], place[1] + move[1]] : [0, 0];
        if (!cells[i]?.[j]) return;
        look(i, j);
        cells[i][j].scrollIntoView({block: "nearest", inline: "nearest"});
    });
    return [element("p", {className: "note", textContent: legend}), element("div", {className: "scroll"}, table), exact];
}

// The scale of the pictures, for a sentence about them.
function scaleOfWeights() {
    return element("span", {className: "scale"}, "0 ", element("i"), " 1");
}

// Shows one sentence after the other in an element of the page; which kind and head were chosen stays.
class AttentionView {
    static count = 0;

    constructor(place) {
        this.place = place;
        this.name = `attention${AttentionView.count++}`;  // of its groups of options
        this.kind = KINDS[0];
        this.head = null;  // [layer, head]; null: the mean of all
    }

    show(seen) {
        const kinds = KINDS.filter(({key}) => seen[key].length);
        this.seen = seen;
        if (!isLooking(seen)) {
            this.place.textContent = "This model has no attention.";
            return;
        }
        if (!kinds.includes(this.kind)) this.kind = kinds[0];
        this.small = element("div", {role: "radiogroup", ariaLabel: "head"});
        this.large = element("div");
        const options = kinds.map((kind) => option({name: `${this.name}-kind`, checked: kind === this.kind}, () => {
            this.kind = kind;
            this.head = null;
            this.draw();
        }, kind.title));
        this.place.replaceChildren(element("div", {className: "kinds", role: "radiogroup", ariaLabel: "attention"}, ...options),
                                   element("div", {className: "views"}, this.small, this.large));
        this.draw();
    }

    draw() {
        const layers = this.seen[this.kind.key], mean = meanOf(layers), count = layers.flat().length;
        if (count === 1) this.head = [0, 0];  // which is its own mean
        else if (this.head && !layers[this.head[0]]?.[this.head[1]]) this.head = null;
        const head = (weights, place, name, ariaLabel) =>
            option({name: `${this.name}-head`, checked: String(place) === String(this.head), ariaLabel}, ({isTrusted, target}) => {
                this.head = place;
                this.enlarge(weights, ariaLabel);
                // Below the others in a narrow window: who points at one is shown it; keys stay where they are.
                if (isTrusted && !target.matches(":focus-visible")) this.large.scrollIntoView({block: "nearest"});
            }, smallPicture(weights), name);
        const layer = (name, heads) => element("div", {className: "layer"}, element("span", {textContent: name}),
                                               element("div", {}, ...heads));
        const all = () => layer("all layers", [head(mean, null, "mean", `mean of all ${count} heads`)]);
        this.small.replaceChildren(...(count > 1 ? [all()] : []),
            ...layers.map((heads, l) => layer(`layer ${l + 1}`, heads.map(
                (weights, h) => head(weights, [l, h], `head ${h + 1}`, `layer ${l + 1}, head ${h + 1}`)))));
        this.small.querySelector(":checked").dispatchEvent(new Event("change"));
    }

    enlarge(weights, name) {
        const {kind} = this, legend = `${name[0].toUpperCase()}${name.slice(1)}. Rows: ${kind.rows}; columns: ${kind.columns}.`;
        this.large.replaceChildren(...largePicture(weights, sidesOf(this.seen, kind), legend));
    }
}
