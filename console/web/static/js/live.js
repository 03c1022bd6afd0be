// Rows of crashes as they come. A row that is there already is replaced where it stands; new ones are put on top only
// while the reader is at the top of the list and nothing in it has the focus: otherwise they wait behind a button.
const body = document.querySelector("[data-live]");
const button = document.getElementById("newer");
const mark = document.getElementById("live-mark");
const MOST = 100;
const waiting = [];

const rowOf = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html; // written and escaped by the server
  return template.content.firstElementChild;
};

function isReading() {
  const at = body.closest(".scroll").getBoundingClientRect().top;
  return at < 0 || body.contains(document.activeElement) || body.matches(":hover");
}

function show(row) {
  body.prepend(row);
  row.classList.add("fresh");
  while (body.rows.length > MOST) body.deleteRow(-1);
  document.getElementById("empty")?.remove();
}

function tell() {
  button.hidden = waiting.length === 0;
  button.textContent = waiting.length === 1 ? "1 new crash" : `${waiting.length} new crashes`;
}

function showWaiting() {
  while (waiting.length > 0) show(waiting.shift());
  tell();
}

function receive(event) {
  const row = rowOf(event.data);
  const known = document.getElementById(row.id);
  if (known) {
    known.replaceWith(row);
    row.classList.add("fresh");
    return;
  }
  const index = waiting.findIndex((each) => each.id === row.id);
  if (index >= 0) waiting[index] = row;
  else waiting.push(row);
  if (waiting.length > MOST) waiting.shift();
  if (isReading()) tell();
  else showWaiting();
  document.getElementById("live").textContent = `New crash: ${row.dataset.title}`;
}

if (body) {
  const source = new EventSource(body.dataset.live);
  source.addEventListener("crash", receive);
  source.addEventListener("open", () => mark.classList.add("on"));
  source.addEventListener("error", () => mark.classList.remove("on"));
  button.addEventListener("click", () => {
    document.activeElement.blur();
    showWaiting();
    scrollTo({ top: 0 });
  });
  addEventListener("pagehide", () => source.close());
}
