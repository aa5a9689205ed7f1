// Curves as SVG. What is drawn has a size of about that on the screen, so that letters stay letters on a telephone.
"use strict";

const WIDTH = 380, HEIGHT = 230, LEFT = 46, RIGHT = 14, TOP = 10, BOTTOM = 34, MOST_TICKS = 12, MOST_DOTS = 80;
const short = (value, digits = 6) => String(Number(value.toPrecision(digits)));
const at = (place) => place.toFixed(1);

// ---- Axes: {low, high} of the values, or of their logarithms; {from, to} in the picture -----------------------------

// Steps of 1, 2 or 5 times a power of ten, about `wanted` of them.
function niceStep(range, wanted) {
    const rough = range / wanted, power = 10 ** Math.floor(Math.log10(rough)), digit = rough / power;
    return power * (digit <= 1.25 ? 1 : digit <= 2.5 ? 2 : digit <= 6 ? 5 : 10);
}

function linearAxis(most, wanted, from, to) {
    const high = most > 0 ? most : 1, step = niceStep(high, wanted), ticks = [];
    for (let i = 0; i * step <= high * 1.0001 && ticks.length < MOST_TICKS; i++) ticks.push(i * step);
    return {low: 0, high, from, to, ticks};
}

function logarithmicAxis(least, most, from, to) {
    const low = Math.floor(Math.log10(least) * 10 - 0.01) / 10, high = Math.ceil(Math.log10(most) * 10 + 0.01) / 10, ticks = [];
    for (let power = Math.floor(low); power <= high; power++)
        for (const digit of high - low < 3.5 ? [1, 2, 5] : [1]) {
            const tick = digit * 10 ** power, place = Math.log10(tick);
            if (place >= low && place <= high && ticks.length < MOST_TICKS) ticks.push(tick);
        }
    return {low, high, from, to, ticks, logarithmic: true};
}

function placeOn(axis, value) {
    const place = axis.logarithmic ? Math.log10(value) : value;
    return axis.from + (place - axis.low) / (axis.high - axis.low) * (axis.to - axis.from);
}

// 0.0005, 12.5, and where the axis goes beyond 10,000, 5k and 15k
function tickText(axis, value) {
    return axis.ticks.at(-1) >= 10000 && value >= 1000 ? `${short(value / 1000)}k` : short(value);
}

function drawAxes(x, y, unit) {
    const parts = [];
    y.ticks.forEach((tick, i) => {
        const place = placeOn(y, tick);
        parts.push(drawn("path", {class: i || y.logarithmic ? "grid" : "axis", d: `M${LEFT} ${at(place)}H${WIDTH - RIGHT}`}),
                   drawn("text", {x: LEFT - 6, y: at(place + 4), class: "end"}, tickText(y, tick)));
    });
    for (const tick of x.ticks)
        parts.push(drawn("text", {x: at(placeOn(x, tick)), y: HEIGHT - BOTTOM + 16, class: "middle"}, tickText(x, tick)));
    parts.push(drawn("text", {x: WIDTH - RIGHT, y: HEIGHT - 3, class: "end"}, unit));
    return parts;
}

// ---- Curves: a series is {run: its number, name, kind: "train" or "valid", points: [{x, update, minutes, value}, ...]} ----

function drawSeries({run, kind, points}, x, y) {
    const places = points.map(({x: of, value}) => [at(placeOn(x, of)), at(placeOn(y, value))]);
    const group = drawn("g", {class: `c${run % 8} ${kind}`},
                        drawn("path", {class: "curve", d: `M${places.map(([px, py]) => `${px} ${py}`).join("L")}`}));
    if (points.length === 1 || (kind === "valid" && points.length <= MOST_DOTS))
        group.append(...places.map(([cx, cy]) => drawn("circle", {cx, cy, r: 3})));
    return group;
}

// The figures of all series where the cursor stands: of each the last one until then.
function readingOf(series, here, many) {
    const where = series.flatMap(({points}) => points).find(({x}) => x === here);
    const lines = [...series].sort((a, b) => a.run - b.run).map(({run, name, kind, points}) => {
        const point = points.findLast(({x}) => x <= here), what = kind === "valid" ? "validation" : "training";
        return point && element("p", {className: `c${run % 8}`}, element("i", {className: "chip"}),
                                `${many ? `${name}, ` : ""}${what}: ${short(point.value, 4)}`);
    });
    return [element("p", {className: "note", textContent: `update ${where.update}, ${where.minutes.toFixed(1)} minutes`}),
            ...lines.filter(Boolean)];
}

// A line to read the figures at, which follows the mouse, or arrow keys, Home and End. It stands at stops, ascending, of
// which `read` makes paragraphs.
function addCursor(plot, reading, x, bottom, stops, read) {
    const line = drawn("path", {class: "cursor"});
    let stop = -1;  // none
    const stand = (where) => {
        stop = Math.min(Math.max(where, -1), stops.length - 1);
        plot.setAttribute("aria-valuenow", stop + 1);
        plot.setAttribute("aria-valuetext", "nothing is read");
        if (stop < 0) {
            line.remove();
            reading.replaceChildren();
            return;
        }
        const place = placeOn(x, stops[stop]);
        line.setAttribute("d", `M${at(place)} ${TOP}V${bottom}`);
        plot.append(line);
        reading.classList.toggle("left", place > WIDTH / 2);
        const lines = read(stops[stop]);
        reading.replaceChildren(...lines);
        plot.setAttribute("aria-valuetext", lines.map((one) => one.textContent).join(", "));
    };
    plot.addEventListener("pointermove", (event) => {
        const box = plot.getBoundingClientRect(), mouse = (event.clientX - box.left) / box.width * WIDTH;
        const distance = (i) => Math.abs(placeOn(x, stops[i]) - mouse);
        stand(stops.reduce((best, _, i) => distance(i) < distance(best) ? i : best, 0));
    });
    plot.addEventListener("keydown", (event) => {
        const last = stops.length - 1;
        const next = {ArrowRight: Math.min(stop + 1, last), ArrowLeft: stop < 0 ? last : Math.max(stop - 1, 0), Home: 0, End: last,
                      Escape: -1}[event.key];
        if (next === undefined) return;
        event.preventDefault();
        stand(next);
    });
    for (const event of ["pointerleave", "blur"]) plot.addEventListener(event, () => stand(-1));
    plot.setAttribute("aria-valuemax", stops.length);
    stand(-1);
}

// A picture of series that have points, against updates or minutes, as a figure of the page.
function figureOf({title, note, logarithmic}, series, unit, many) {
    const points = series.flatMap((one) => one.points), values = points.map(({value}) => value);
    const least = Math.min(...values.filter((value) => value > 0)), most = Math.max(0, ...values);
    const x = linearAxis(Math.max(0, ...points.map((point) => point.x)), 4, LEFT, WIDTH - RIGHT);
    const y = logarithmic && least < Infinity ? logarithmicAxis(least, most, HEIGHT - BOTTOM, TOP)
                                              : linearAxis(most * 1.03, 5, HEIGHT - BOTTOM, TOP);
    const plot = drawn("svg", {class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "slider", tabindex: 0, "aria-valuemin": 0,
                               "aria-label": `${title} against ${unit}; arrow keys read the figures`},
                       ...drawAxes(x, y, unit), ...series.map((one) => drawSeries(one, x, y)));
    const reading = element("div", {className: "reading"});
    const stops = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
    addCursor(plot, reading, x, HEIGHT - BOTTOM, stops, (stop) => readingOf(series, stop, many));
    return element("figure", {className: series.some(({kind}) => kind === "valid") ? "" : "alone"},
                   element("figcaption", {}, `${title} `, element("span", {className: "note", textContent: note})),
                   plot, reading);
}

// ---- Layers: of every layer a row, of every stretch of updates a column, the darker the higher the norm is ----------

const NAMES = 84, ROW = 13, SHADES = 20;

// Cells of about the same norm share one path.
function drawCells(rows, places, shade) {
    const paths = Array.from({length: SHADES + 1}, () => []);
    rows.forEach(({norms}, i) => norms.forEach((norm, j) => norm > 0 &&
        paths[shade(norm)].push(`M${at(places[j])} ${TOP + i * ROW}H${at(places[j + 1])}v${ROW}H${at(places[j])}z`)));
    return paths.flatMap((path, level) => path.length
        ? [drawn("path", {class: "cell", "fill-opacity": level / SHADES, d: path.join("")})] : []);
}

function readingOfLayers(rows, column, {update, minutes}) {
    const sorted = rows.map(({layer, norms}) => ({layer, norm: norms[column]})).filter(({norm}) => norm !== null)
        .sort((a, b) => b.norm - a.norm);
    const line = (what, one) => element("p", {}, `${what}: ${one.layer}, ${short(one.norm, 3)}`);
    return [element("p", {className: "note", textContent: `update ${update}, ${minutes.toFixed(1)} minutes`}),
            ...(sorted.length ? [line("highest", sorted[0]), line("lowest", sorted.at(-1))] : [])];
}

// {columns: [[update, seconds], ...], rows: [{layer, norms}, ...]} of one run as a figure of the page; name: of the run.
function layersFigureOf({columns, rows}, unit, name) {
    const norms = rows.flatMap((row) => row.norms).filter((norm) => norm > 0), title = "Gradient norm by layer";
    const least = Math.min(...norms), most = Math.max(...norms), bottom = TOP + rows.length * ROW;
    const range = Math.log(most / least) || 1, shade = (norm) => Math.round(SHADES * (0.05 + 0.95 * Math.log(norm / least) / range));
    const ends = columns.map(([update, seconds]) => unit === "minutes" ? seconds / 60 : update);
    const x = linearAxis(Math.max(0, ...ends), 4, NAMES, WIDTH - RIGHT);
    const plot = drawn("svg", {class: "plot", viewBox: `0 0 ${WIDTH} ${bottom + BOTTOM}`, role: "slider", tabindex: 0,
                               "aria-valuemin": 0, "aria-label": `${title} against ${unit}; arrow keys read the figures`},
        ...rows.map(({layer}, i) => drawn("text", {x: NAMES - 6, y: TOP + i * ROW + 10, class: "end"}, layer)),
        ...drawCells(rows, [x.from, ...ends.map((end) => placeOn(x, end))], shade),
        ...x.ticks.map((tick) => drawn("text", {x: at(placeOn(x, tick)), y: bottom + 16, class: "middle"}, tickText(x, tick))),
        drawn("text", {x: WIDTH - RIGHT, y: bottom + BOTTOM - 3, class: "end"}, unit));
    const reading = element("div", {className: "reading"});
    addCursor(plot, reading, x, bottom, ends, (end) => {
        const column = ends.indexOf(end), [update, seconds] = columns[column];
        return readingOfLayers(rows, column, {update, minutes: seconds / 60});
    });
    const scale = element("span", {className: "scale"}, `${short(least, 2)} `, element("i"), ` ${short(most, 2)}`);
    return element("figure", {}, element("figcaption", {}, `${title} `,
        element("span", {className: "note"}, ...(name ? [name, " "] : []), scale)), plot, reading);
}
