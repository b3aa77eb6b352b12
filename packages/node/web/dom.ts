/** The element with an id that the page is known to have. */
export function byId<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Element as Kind;
}

/** Sets text only where it differs, so that selections and screen readers are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  options: { readonly className?: string; readonly text?: string } = {},
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (options.className !== undefined) element.className = options.className;
  if (options.text !== undefined) element.textContent = options.text;
  return element;
}

/** What a cell of a table shows: text, or an element that is made once and filled again and again. */
export interface Column<Item> {
  readonly isHeader?: boolean;
  readonly className?: string;
  readonly fill: (cell: HTMLTableCellElement, item: Item) => void;
}

/** A column of plain text. */
export function textColumn<Item>(text: (item: Item) => string, className = '', isHeader = false): Column<Item> {
  return { isHeader, className, fill: (cell, item) => setText(cell, text(item)) };
}

/** Keeps the children of a parent in step with items: one for each key, in their order, filled again when they change. */
export function keepChildren<Item, Child extends HTMLElement>(
  parent: Element,
  items: readonly Item[],
  how: {
    readonly key: (item: Item) => string;
    readonly create: () => Child;
    readonly fill: (child: Child, item: Item) => void;
  },
): void {
  const old = new Map<string, Child>();
  for (const child of parent.children) old.set((child as HTMLElement).dataset['key'] ?? '', child as Child);
  let next: Element | null = parent.firstElementChild;
  for (const item of items) {
    const key = how.key(item);
    let child = old.get(key);
    if (child === undefined) {
      child = how.create();
      child.dataset['key'] = key;
    }
    old.delete(key);
    how.fill(child, item);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  for (const child of old.values()) child.remove();
}

/** Keeps the rows of a table in step with items. */
export function keepRows<Item>(
  body: Element,
  items: readonly Item[],
  how: { readonly key: (item: Item) => string; readonly columns: readonly Column<Item>[] },
): void {
  keepChildren(body, items, {
    key: how.key,
    create: () => {
      const row = make('tr');
      for (const { isHeader, className = '' } of how.columns) {
        const cell = make(isHeader === true ? 'th' : 'td', { className });
        if (isHeader === true) cell.scope = 'row';
        row.append(cell);
      }
      return row;
    },
    fill: (row, item) => {
      for (const [index, { fill }] of how.columns.entries()) fill(row.children[index] as HTMLTableCellElement, item);
    },
  });
}

/** One fact of a definition list. */
export interface Fact {
  readonly name: string;
  readonly value: string | undefined;
  readonly isHash?: boolean;
  /** It gets a row of its own. */
  readonly isLong?: boolean;
}

/** Shows the facts that have a value. */
export function keepFacts(list: Element, facts: readonly Fact[]): void {
  const known = facts.filter(({ value }) => value !== undefined);
  keepChildren(list, known, {
    key: ({ name }) => name,
    create: () => {
      const group = make('div');
      group.append(make('dt'), make('dd'));
      return group;
    },
    fill: (group, { name, value = '', isHash = false, isLong = false }) => {
      const [term, description] = group.children as unknown as [HTMLElement, HTMLElement];
      setText(term, name);
      setText(description, value);
      description.className = isHash ? 'hash' : '';
      group.className = isHash || isLong ? 'long' : '';
      if (isHash) description.title = value;
    },
  });
}

/** Lets tables that are wider than their place be scrolled by keyboard, and only those. */
export function watchScrollable(): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const region = target.closest<HTMLElement>('.scroll');
      if (region === null) continue;
      if (region.scrollWidth > region.clientWidth) {
        region.tabIndex = 0;
        region.setAttribute('role', 'region');
        region.setAttribute('aria-label', region.dataset['label'] ?? '');
      } else for (const name of ['tabindex', 'role', 'aria-label']) region.removeAttribute(name);
    }
  });
  for (const region of document.querySelectorAll('.scroll')) {
    observer.observe(region);
    if (region.firstElementChild !== null) observer.observe(region.firstElementChild);
  }
}
