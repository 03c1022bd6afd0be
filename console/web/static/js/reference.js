// Swagger UI over our document; what is tried from here acts for whoever is signed in.
const place = document.getElementById("reference");
const ours = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");

// Its dark colours hang on a class of the root; ours on an attribute and on what the system prefers.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
function recolour() {
  root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
}
recolour();
dark.addEventListener("change", recolour);
new MutationObserver(recolour).observe(root, { attributeFilter: ["data-theme"] });

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  queryConfigEnabled: false,
  requestInterceptor(request) {
    if (new URL(request.url, location.href).origin === location.origin) Object.assign(request.headers, ours);
    return request;
  },
});
