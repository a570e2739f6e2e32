/** The two ways in which the trail says no. */

/**
 * The trail cannot be written now: the disk is full, failing or gone. Whoever awaits a record gets
 * this and must not answer. Later records try again, so the trail heals by itself when the disk
 * does.
 */
export class TrailUnavailable extends Error {
  override name = 'TrailUnavailable';
}

/**
 * What lies on the disk is not what was written: altered, cut, moved or rolled back. The text says
 * what, where and what to do. The server refuses to start on a damaged trail, since appending to it
 * would hide the damage.
 */
export class TrailDamaged extends Error {
  override name = 'TrailDamaged';
}
