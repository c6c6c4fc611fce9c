// Buttons that print the page, a button beside each link to share, which copies it, and the values
// of sliders.
document.addEventListener("DOMContentLoaded", () => {
  // Before SimpleBar labels it as every other part that scrolls.
  document.querySelector("#nav-sidebar-apps")?.setAttribute("data-simplebar-aria-label", "Navigation");
  // The first event of an organizer starts in the time zone of their browser.
  const zone = document.querySelector("#event_form input[name=timezone][value=UTC]");
  if (zone && !document.querySelector("[name=initial-timezone]")) {
    zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => window.print());
  }
  for (const slider of document.querySelectorAll("input[type=range]")) {
    const show = () => {
      for (const output of slider.parentElement.querySelectorAll("output")) output.value = `${slider.value}%`;
    };
    slider.addEventListener("input", show);
    // What the browser kept from an earlier visit.
    show();
  }
  for (const field of document.querySelectorAll("input.ev-copy")) {
    field.addEventListener("focus", () => field.select());
    if (!navigator.clipboard) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ev-button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    field.after(button);
  }
});
