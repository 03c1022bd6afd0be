// ELF files from a button or dropped, one after the other, each as the body of a request of its own.
const form = document.querySelector("form[data-drop]");

const human = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function isElf(file) {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return [0x7f, 0x45, 0x4c, 0x46].every((byte, index) => head[index] === byte);
}

function line(list, file) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  const bar = document.createElement("progress");
  const text = document.createElement("span");
  name.textContent = file.name;
  bar.max = Math.max(file.size, 1);
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  text.textContent = "waits";
  item.append(name, bar, text);
  list.append(item);
  return {
    progress: (sent) => {
      bar.value = sent;
      text.textContent = sent < file.size ? `${human(sent)} of ${human(file.size)}` : "is written to disk";
    },
    end: (words, isBad) => {
      bar.remove();
      text.textContent = words;
      text.className = isBad ? "error" : "muted";
    },
    item,
  };
}

function send(file, token, facts, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const asked = new URLSearchParams({ file_name: file.name.slice(-200), ...facts });
    request.open("POST", `/api/v1/firmware?${asked}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", token);
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 202) return resolve(null);
      return resolve(request.response?.message ?? `the server answered ${request.status}`);
    });
    request.addEventListener("error", () => resolve("the connection broke; is the server there? Try again"));
    request.addEventListener("abort", () => resolve("stopped"));
    request.send(file);
  });
}

async function upload(files) {
  const list = form.querySelector(".uploads");
  const token = form.elements.csrf.value;
  const facts = { version: form.elements.version.value, board: form.elements.board.value };
  const lines = files.map((file) => [file, line(list, file)]);
  for (const [file, shown] of lines) {
    let problem = null;
    if (file.size > Number(form.dataset.limit)) {
      problem = `${human(file.size)} is more than the server takes (${human(Number(form.dataset.limit))}, FAULTCAST_MAX_FIRMWARE_SIZE)`;
    } else if (!(await isElf(file))) {
      problem = "this is no ELF file: Zephyr leaves it in build/zephyr/zephyr.elf, beside files without symbols";
    } else {
      problem = await send(file, token, facts, shown.progress);
    }
    shown.end(problem ?? "uploaded; its index is being built", problem !== null);
    if (problem === null) document.body.dispatchEvent(new CustomEvent("firmware-added"));
  }
}

if (form) {
  const chooser = form.elements.file;
  let queue = Promise.resolve();
  const add = (chosen) => {
    const files = [...chosen]; // the chooser is emptied, and its list with it
    queue = queue.then(() => upload(files));
  };
  form.querySelector(".drop-hint").hidden = false;
  form.querySelector("button[type=submit]").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(chooser.files);
    chooser.value = "";
  });
  chooser.addEventListener("change", () => {
    add(chooser.files);
    chooser.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    add(event.dataTransfer.files);
  });
}
