/* One photo or text at a time, a button for each class, and a table of the labels to save.
   Cells of the table come ready for it: this script only joins them. */

const KEYS = "1234567890abcdefghijklmnopqrstuvwxyz";
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const labels = data.items.map(() => null);
const done = []; // what undo takes back: [place, the label before]
let at = 0;
let kept = null; // the labels that were saved last

/* After a click no button keeps the focus, or the space bar would press it again. */
function onClick(button, action) {
  button.addEventListener("click", (event) => {
    if (event.detail > 0) button.blur();
    action();
  });
}

function make(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

const classButtons = data.classes.map((one, index) => {
  const key = KEYS[index] ? [make("kbd", KEYS[index])] : [];
  const button = make("button", ...key, make("bdi", one.name));
  button.type = "button";
  onClick(button, () => choose(index));
  return button;
});

const itemButtons = data.items.map((item, index) => {
  const small = item.uri ? make("img") : make("span", item.name);
  if (item.uri) {
    small.src = item.uri;
    small.alt = "";
  }
  const button = make("button", small, make("bdi"));
  button.type = "button";
  onClick(button, () => show(index));
  return button;
});

function show(index) {
  at = index;
  const item = data.items[at];
  if (item.uri) {
    byId("photo").src = item.uri;
    byId("photo").alt = `${data.noun} ${at + 1}: ${item.name}`;
    byId("name").textContent = item.name;
  } else {
    byId("text").textContent = item.text;
    byId("text").scrollTop = 0;
  }
  classButtons.forEach((button, each) => {
    button.setAttribute("aria-pressed", labels[at] === each);
  });
  itemButtons.forEach((button, each) => {
    const label = labels[each] === null ? null : data.classes[labels[each]].name;
    button.setAttribute("aria-current", each === at);
    button.setAttribute("aria-label", `${data.noun} ${each + 1}, ${label ?? "no label"}`);
    button.lastChild.textContent = label ?? "–";
    button.lastChild.className = label === null ? "" : "labelled";
  });
  const count = labels.filter((label) => label !== null).length;
  byId("progress").textContent = `${data.noun} ${at + 1} of ${labels.length}, ${count} labelled`;
  byId("undo").disabled = done.length === 0;
  byId("save").disabled = count === 0;
}

/* The next one without a label after this one, or before it; the next one where all have labels. */
function next() {
  const places = labels.map((_, step) => (at + 1 + step) % labels.length);
  return (
    places.find((place) => labels[place] === null && place !== at) ?? Math.min(at + 1, labels.length - 1)
  );
}

function choose(label) {
  done.push([at, labels[at]]);
  labels[at] = label;
  byId("saved").textContent = "";
  show(next());
}

function undo() {
  if (done.length === 0) return;
  const [place, before] = done.pop();
  labels[place] = before;
  byId("saved").textContent = "";
  show(place);
}

function table() {
  const rows = data.items
    .map((item, index) => [item.cell, labels[index]])
    .filter(([, label]) => label !== null)
    .map(([cell, label]) => `${cell},${data.classes[label].cell}${data.rest}\n`);
  return data.start + rows.join("");
}

function save() {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv;charset=utf-8" }));
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  kept = JSON.stringify(labels);
  byId("saved").textContent = `Saved as ${data.file} among your downloads. ${data.advice}`;
}

function press(event) {
  const typing = event.target.id === "find";
  const plain = !(event.ctrlKey || event.metaKey || event.altKey);
  const key = event.key.toLowerCase();
  const label = KEYS.indexOf(key);
  if (key === "z" && (event.ctrlKey || event.metaKey) && !typing) undo();
  else if (!plain || typing) return;
  else if (key === "backspace") undo();
  else if (key === " " && event.target.tagName !== "BUTTON") choose(null);
  else if (key === "arrowright") show(Math.min(at + 1, labels.length - 1));
  else if (key === "arrowleft") show(Math.max(at - 1, 0));
  else if (key.length === 1 && label >= 0 && label < data.classes.length) choose(label);
  else return;
  event.preventDefault();
}

function find(event) {
  const wanted = event.target.value.trim().toLowerCase();
  data.classes.forEach((one, index) => {
    classButtons[index].hidden = !one.name.toLowerCase().includes(wanted);
  });
}

byId("classes").append(...classButtons);
byId("photos").append(...itemButtons);
onClick(byId("skip"), () => choose(null));
onClick(byId("undo"), undo);
onClick(byId("save"), save);
byId("find")?.addEventListener("input", find);
document.addEventListener("keydown", press);
window.addEventListener("beforeunload", (event) => {
  if (labels.some((label) => label !== null) && JSON.stringify(labels) !== kept) event.preventDefault();
});
show(0);
