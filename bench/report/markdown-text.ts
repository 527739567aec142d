/** Text as Markdown shows it, whatever it holds: no markup, no HTML, no link, no mention, and safe in a table cell. */
export function markdownText(text: string): string {
  return text
    .replace(/[&<>|\\`*~[\]#!^$]/g, entity)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '&#95;')
    .replace(/:(?=\/\/)/g, '&#58;')
    .replace(/(?<=www)\./gi, '&#46;')
    .replaceAll('@', '&#64;\u2060')
    .replace(/^(\s*)([-+=]+|\d+(?=[.)]))(?=[.)]?(?:\s|$))/, (_, blank: string, start: string) => blank + entity(start));
}

/** Text set as code, safe in a table cell; a backtick span where that can hold it. */
export function markdownCode(text: string): string {
  if (/^[\w.:=,;/+\-()[\]{}"' \u00a0]+$/.test(text) && text.trim() === text) return `\`${text}\``;
  return `<code>${markdownText(text)}</code>`;
}

/** A fenced block that its contents cannot close. */
export function markdownFence(language: string, text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

function entity(character: string): string {
  return Array.from(character, (one) => `&#${one.codePointAt(0)};`).join('');
}
