/**
 * AWS's patterns are Java's; this makes of them the regular expressions that say the same in
 * JavaScript.
 */

/**
 * The only characters that may stand behind a backslash for themselves under the `u` flag (ECMA-262
 * §22.2.1).
 */
const escapable = new Set('^$\\.*+?()[]{}|/-');

/** Java's `\s` knows ASCII only, JavaScript's also Unicode's blanks. */
const javaSpace = ' \\t\\n\\x0b\\f\\r';

/**
 * Matches whole strings, as the recorded errors show that AWS does with patterns that have no
 * anchors. Throws SyntaxError for what JavaScript does not have (possessive quantifiers, `\Q`).
 */
export function javaPattern(pattern: string): RegExp {
  let source = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    if (char !== '\\') {
      source += char;
      continue;
    }
    const escaped = pattern.charAt(++i);
    if (escaped === 's') source += inClass ? javaSpace : `[${javaSpace}]`;
    else if (/[A-Za-z0-9]/.test(escaped) || mayBeEscaped(escaped, inClass))
      source += `\\${escaped}`;
    else source += escaped;
  }
  return new RegExp(`^(?:${source})$`, 'u');
}

function mayBeEscaped(char: string, inClass: boolean): boolean {
  return escapable.has(char) && (char !== '-' || inClass);
}
