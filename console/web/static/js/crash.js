// What opens and closes on the page of a crash.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("button[data-opens]");
  if (opener) {
    const open = opener.getAttribute("aria-expanded") !== "true";
    opener.setAttribute("aria-expanded", String(open));
    const tree = opener.classList.contains("opener");
    const piece = tree ? opener.parentElement.querySelector(":scope > ul") : opener.nextElementSibling;
    if (piece) piece.hidden = !open;
  }
});

// What is wrong with a piece is said in its place.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.getResponseHeader("X-Piece") === "problem") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// Memory as an object of a type: the two make one place.
document.addEventListener("htmx:configRequest", (event) => {
  const type = event.detail.elt.querySelector?.("input[data-object]");
  if (type) event.detail.parameters.set("at", type.dataset.object + type.value);
});
