// The keyboard of a board. Letters mean something only where nobody is typing.

/**
 * @param {Record<string, () => void>} always keys that work everywhere (Escape)
 * @param {Record<string, () => void>} idle keys that work where no text is being typed
 */
export function listen(always, idle) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    const act = always[event.key] ?? (isTyping(event.target) ? undefined : idle[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable], .maplibregl-canvas, #panel") !== null;
}
