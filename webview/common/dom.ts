/** Building DOM without HTML: everything that was recorded goes in as text. */

type Child = Node | string | null | false;

/** An element with a class, attributes and children; strings become text nodes. */
export function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className: string, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  append(node, children);
  return node;
}

function append(node: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== null && child !== false) node.append(child);
}

/** Replaces an element's children. */
export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren();
  append(node, children);
}

export function attributes<T extends Element>(node: T, values: Record<string, string | null>): T {
  for (const [name, value] of Object.entries(values)) {
    if (value === null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
  return node;
}
