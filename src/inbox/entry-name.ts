/** Names that editors, downloads and systems use for what is not finished or not meant. */
const notMeant = [
  /^\./,
  /^#.*#$/,
  /~$/,
  /\.(swp|swo|swx|tmp|temp|bak|orig|part|partial|crdownload|download)$/i,
  /^4913$/,
  /^(README(\..*)?|lost\+found|Thumbs\.db|desktop\.ini|__MACOSX)$/i,
];

/** What the inbox itself puts there, and what only goes with something. */
const ours = /(\.report\.md|\.result|(^|\.)nexus\.ya?ml)$/;

/** Whether something of this name is meant to become a build. */
export function isMeant(name: string, isFolder: boolean): boolean {
  if (notMeant.some((pattern) => pattern.test(name)) || ours.test(name)) return false;
  return isFolder || name.endsWith('.nix');
}

/** Whether a change of something in the inbox is of no interest: what is never meant, and what we write ourselves. */
export function isNoise(name: string): boolean {
  return notMeant.some((pattern) => pattern.test(name)) || /\.(report\.md|result)$/.test(name);
}

/** What in a folder counts: a change of anything else makes no new build. */
export function counts(name: string): boolean {
  return name !== '.git' && !notMeant.slice(1).some((pattern) => pattern.test(name)) && name !== '.DS_Store';
}
