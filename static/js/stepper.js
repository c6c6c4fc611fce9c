// Adds minus and plus buttons to the number field inside [data-stepper]. A <select> is left as it is.

function button(name, icon, iconsUrl) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "stepper__button";
  element.setAttribute("aria-label", name);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${iconsUrl}#${icon}`);
  svg.append(use);
  element.append(svg);
  return element;
}

function enhance(box) {
  const input = box.querySelector("input[type='number']");
  if (!input || box.classList.contains("stepper--live")) return;
  box.classList.add("stepper--live");
  const fewer = button("One fewer", "minus", box.dataset.icons);
  const more = button("One more", "plus", box.dataset.icons);
  input.before(fewer);
  input.after(more);

  const update = () => {
    const value = Number(input.value || input.min || 0);
    fewer.disabled = input.min !== "" && value <= Number(input.min);
    more.disabled = input.max !== "" && value >= Number(input.max);
  };
  const step = (by) => {
    if (by > 0) input.stepUp();
    else input.stepDown();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  fewer.addEventListener("click", () => step(-1));
  more.addEventListener("click", () => step(1));
  input.addEventListener("input", update);
  update();
}

const enhanceAll = (root) => root.querySelectorAll?.("[data-stepper]").forEach(enhance);
enhanceAll(document);
document.addEventListener("htmx:load", (event) => {
  if (event.target.matches?.("[data-stepper]")) enhance(event.target);
  enhanceAll(event.target);
});
