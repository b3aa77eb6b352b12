/** The element with that id. @throws Error if the document has none of that kind */
export function elementById<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the document has no ${kind.name} #${id}`);
  return element;
}

/** Shows text in an element; an element without text is hidden. */
export function showText(element: HTMLElement, text: string): void {
  // Only a change, since screen readers read out what is set.
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}
