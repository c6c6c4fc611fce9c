// The editors of email texts: placeholders to insert, suggestions after "{", a preview that follows
// what is typed, and a question before leaving with unsaved texts.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-email-editor]");
  if (!form) return;
  const fields = [...form.querySelectorAll(".ev-placeholders")];
  const names = [...form.querySelectorAll("[data-placeholders] [data-name]")];
  let current = fields[0];

  const replace = (field, from, to, text) => {
    field.focus();
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // ── The list of placeholders ──────────────────────────────────────────────
  for (const item of names) {
    const code = item.querySelector("code");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ev-insert";
    button.setAttribute("aria-label", `Insert ${code.textContent}`);
    code.replaceWith(button);
    button.append(code);
    button.addEventListener("click", () => {
      if (current) replace(current, current.selectionStart, current.selectionEnd, code.textContent);
    });
  }
  for (const hint of form.querySelectorAll("[data-insert-hint]")) hint.hidden = false;

  // ── Suggestions after "{" ─────────────────────────────────────────────────
  const list = document.createElement("ul");
  list.className = "ev-suggestions";
  list.id = "placeholder-suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Placeholders");
  list.hidden = true;
  let start = 0;
  let chosen = 0;

  const close = () => {
    list.hidden = true;
    current?.removeAttribute("aria-activedescendant");
  };
  const mark = () => {
    [...list.children].forEach((option, number) => {
      option.setAttribute("aria-selected", String(number === chosen));
      if (number === chosen) {
        current.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    });
  };
  const take = (name) => {
    // The rest of the name, where the placeholder is already there.
    const rest = current.value.slice(current.selectionStart).match(/^[A-Za-z]*\}/);
    replace(current, start, current.selectionStart + (rest ? rest[0].length : 0), `{${name}}`);
    close();
  };
  const suggest = () => {
    const before = current.value.slice(0, current.selectionStart).match(/\{([A-Za-z]*)$/);
    const typed = before ? before[1].toLowerCase() : "";
    const found = before
      ? names.filter((item) => item.dataset.name.toLowerCase().startsWith(typed))
      : [];
    if (!found.length) return close();
    start = current.selectionStart - before[0].length;
    chosen = 0;
    list.replaceChildren(
      ...found.map((item) => {
        const option = document.createElement("li");
        option.id = `placeholder-${item.dataset.name}`;
        option.setAttribute("role", "option");
        const code = document.createElement("code");
        code.textContent = `{${item.dataset.name}}`;
        option.append(code, ` ${item.querySelector("span").textContent}`);
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(item.dataset.name);
        });
        return option;
      }),
    );
    current.after(list);
    list.hidden = false;
    mark();
  };
  const keys = {
    ArrowDown: () => (chosen = (chosen + 1) % list.children.length),
    ArrowUp: () => (chosen = (chosen + list.children.length - 1) % list.children.length),
    Enter: () => take(list.children[chosen].id.slice("placeholder-".length)),
    Tab: () => take(list.children[chosen].id.slice("placeholder-".length)),
    Escape: close,
  };
  for (const field of fields) {
    // Not a combobox, which a text of several lines cannot be.
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    field.autocomplete = "off";
    field.addEventListener("focus", () => {
      if (current !== field) close();
      current = field;
    });
    field.addEventListener("input", suggest);
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      if (list.hidden || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
      if (!list.hidden) mark();
    });
  }
  fields[0]?.after(list);

  // ── A logo ────────────────────────────────────────────────────────────────
  const logo = form.querySelector("[data-logo]");
  const kept = form.querySelector("[data-logo-kept]");
  logo?.addEventListener("change", () => {
    const [file] = logo.files;
    // Said before it is sent in vain.
    const isTooLarge = file && file.size > Number(logo.dataset.mostBytes);
    logo.setCustomValidity(isTooLarge ? logo.dataset.tooLarge : "");
    if (isTooLarge) logo.reportValidity();
    if (file && !isTooLarge) form.elements.picture.value = "logo";
    // It is in the preview; what is beside the field is the saved one.
    for (const shown of form.querySelectorAll(".ev-logo")) shown.hidden = Boolean(file);
  });
  // Also by buttons that check nothing: the whole request would be refused.
  form.addEventListener("submit", (event) => {
    if (logo && !logo.reportValidity()) event.preventDefault();
  });

  // ── The preview ───────────────────────────────────────────────────────────
  const button = form.querySelector("[data-preview]");
  const frames = form.querySelector(".ev-preview__frames");
  let number = 0;
  let timer;
  let isPreviewing = false;
  const preview = () => {
    // A new frame each time: the first page of a frame is no step of the browser's history, and the
    // former page stays until this one is there.
    const next = frames.querySelector("iframe").cloneNode();
    next.removeAttribute("src");
    next.name = `email-preview-${(number += 1)}`;
    next.classList.add("ev-coming");
    for (const late of frames.querySelectorAll(".ev-coming")) late.remove();
    frames.append(next);
    button.formTarget = next.name;
    // A file that is too large would be refused before the texts are read.
    if (logo && !logo.validity.valid) return;
    isPreviewing = true;
    form.requestSubmit(button);
    isPreviewing = false;
    next.addEventListener("load", () => {
      if (!next.isConnected) return;
      for (const old of frames.querySelectorAll("iframe")) if (old !== next) old.remove();
      next.classList.remove("ev-coming");
    });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(preview, 400);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", (event) => {
    if (event.target.name !== "width") soon();
  });
  button.addEventListener("click", (event) => {
    if (isPreviewing) return;
    event.preventDefault();
    preview();
  });

  // ── Unsaved texts ─────────────────────────────────────────────────────────
  const asSent = () => JSON.stringify([...fields.map((field) => field.value), logo?.value]);
  const saved = document.querySelector(".ev-alert") || kept?.value ? "" : asSent();
  let leaving = false;
  form.addEventListener("submit", (event) => {
    if (event.submitter !== button && !event.defaultPrevented) leaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && asSent() !== saved) event.preventDefault();
  });
  // What was entered, where this page shows it again.
  if (form.dataset.entered !== undefined) preview();
});
