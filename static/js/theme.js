// Runs before the first paint, so that a stored choice never flashes the other theme.
// data-theme is the choice of this device (absent: follow the system); data-scheme is what that comes to.
(() => {
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");

  function settle() {
    const choice = localStorage.getItem("theme");
    if (choice) root.dataset.theme = choice;
    else delete root.dataset.theme;
    root.dataset.scheme = choice ?? (systemDark.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("erp:theme"));
  }

  systemDark.addEventListener("change", settle);
  document.addEventListener("erp:choose-theme", settle);
  settle();
})();
