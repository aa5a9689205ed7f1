// What the scripts of both pages build with. Text from elsewhere is only ever put in as text.
"use strict";

const byId = (id) => document.getElementById(id);
const counted = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
}

// The same, of SVG.
function drawn(tag, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
}

// One of the options of a group: {name: of the group, checked, ...}. Calls choose when it becomes the one.
function option(properties, choose, ...content) {
    const button = element("input", {type: "radio", ...properties});
    button.addEventListener("change", choose);
    return element("label", {className: "option"}, button, element("span", {}, ...content));
}
