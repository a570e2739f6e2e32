/** The keys that an operation works with, read off what its `find` has found. */
import type { Key } from './key.ts';
import type { KeyEntry } from './records.ts';

/** What the rows of the cryptographic operations hand to `run`: a key, a source, or two keys. */
type Subject =
  | KeyEntry
  | { readonly entry: KeyEntry }
  | { readonly source: { readonly entry: KeyEntry }; readonly destination: KeyEntry };

/**
 * One key, or the source and the destination of a ReEncrypt, which may be the same.
 * @throws Error when the row hands on something else: then this must learn of it.
 */
export function usedKeys(subject: unknown): readonly Key[] {
  const found = subject as Subject;
  if (typeof found === 'object' && found !== null) {
    if ('value' in found) return [found.value];
    if ('entry' in found) return [found.entry.value];
    if ('source' in found) return [found.source.entry.value, found.destination.value];
  }
  throw new Error('A cryptographic operation found something without a key');
}

/** The same for any operation; none where it isn't about a key, or about more than one. */
export function mentionedKey(subject: unknown): readonly Key[] {
  if (typeof subject !== 'object' || subject === null) return [];
  if (!('value' in subject || 'entry' in subject || 'source' in subject)) return [];
  const keys = usedKeys(subject);
  return keys.every((key) => key?.spec !== undefined) ? keys : [];
}
