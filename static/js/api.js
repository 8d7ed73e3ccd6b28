// The browsable description of the API. Swagger UI draws it; its dark look follows the theme of this device.
const root = document.documentElement;
const place = document.getElementById("operations");

const followTheme = () => root.classList.toggle("dark-mode", root.dataset.scheme === "dark");
document.addEventListener("erp:theme", followTheme);
followTheme();

// What is tried here goes to the name under which the page was opened, whichever of its names the product goes by.
const text = await (await fetch(place.dataset.document)).text();
const own = JSON.parse(text).servers[0].url;

SwaggerUIBundle({
  spec: JSON.parse(text.replaceAll(own, location.origin)),
  domNode: place,
  oauth2RedirectUrl: new URL(place.dataset.returns, location.href).href,
  // Nothing leaves this server: the badge would ask a foreign host what it thinks of the document.
  validatorUrl: "none",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
}).initOAuth({ usePkceWithAuthorizationCodeGrant: true });
