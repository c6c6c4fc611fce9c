// Light or dark theme: the system's, unless the visitor chose one. Loaded in <head> and not as a
// module, so that it applies before the first paint.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const read = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is disabled: use the system's theme
    }
  };

  const chosen = read();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const label = () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      for (const offer of button.querySelectorAll("[data-theme-offer]")) {
        offer.hidden = (offer.dataset.themeOffer === "dark") === isDark();
      }
    }
  };

  document.addEventListener("DOMContentLoaded", label);
  system.addEventListener("change", label);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // the choice applies to this page only
    }
    label();
  });
})();
