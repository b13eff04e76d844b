import { formatBytes } from '../../amounts.ts';
import { type FormState, mebibytesOf, whatOf } from './form-state.ts';
import { checkMore, type MoreName } from './more.ts';
import { infoOf, takesSize } from './request-of.ts';
import { isImage } from './what.ts';

export type FieldName =
  | 'source'
  | 'pasted'
  | 'flake'
  | 'script'
  | 'what'
  | 'attribute'
  | 'variants'
  | 'system'
  | 'diskSize'
  | 'name'
  | 'imageName'
  | MoreName;

/** What is wrong with a field, in a sentence. */
export type Problems = Partial<Record<FieldName, string>>;

/** More is rather a mistake (a disk image among the sources) than a source. */
const mostSourceBytes = 500 * 1000 * 1000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const nameRule = 'It must begin with a letter or digit and have only letters, digits and . _ - (63 at most).';

/** Everything that can be known to be wrong before anything is sent. */
export function checkForm(form: FormState): Problems {
  const what = whatOf(form);
  return {
    ...sourceProblems(form),
    ...(what && isImage(what) ? imageProblems(form) : {}),
    ...(what?.kind === 'flake' && form.attribute.trim() === ''
      ? { attribute: 'Say which attribute to build, such as packages.x86_64-linux.image.' }
      : {}),
    ...(form.name !== '' && !namePattern.test(form.name) ? { name: nameRule } : {}),
    ...checkMore(form.more),
  };
}

function sourceProblems(form: FormState): Problems {
  switch (form.way) {
    case 'files':
      return filesProblems(form);
    case 'paste':
      return form.pasted.trim() === '' ? { pasted: 'Paste a configuration first.' } : {};
    case 'flake':
      if (/^[a-z][a-z0-9+]*:[^\s#]+$/.test(form.flake.trim())) return {};
      return { flake: 'It must be a flake reference without fragment, such as github:owner/repository.' };
    case 'script':
      return form.script.trim() === '' ? { script: 'Write a script first.' } : {};
    case 'earlier':
      return {};
  }
}

function filesProblems({ files, what }: FormState): Problems {
  if (files.length === 0) return { source: 'Drop or choose a configuration.nix, or a folder with one.' };
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  if (bytes > mostSourceBytes) {
    return {
      source: `This is ${formatBytes(bytes)}: leave out what is no source (at most ${formatBytes(mostSourceBytes)}).`,
    };
  }
  if (what === undefined)
    return { source: 'There is no Nix file among these: a configuration.nix or flake.nix is needed.' };
  return {};
}

function imageProblems(form: FormState): Problems {
  const { variants, system, imageName } = form;
  if (variants.length === 0) return { variants: 'Choose at least one image format.' };
  const unfit = variants.filter((name) => system !== '' && infoOf(name)?.systems?.includes(system) === false);
  return {
    ...(unfit.length > 0 ? { system: `There is no ${unfit.join(' and no ')} image for ${system}.` } : {}),
    ...(imageName !== '' && !namePattern.test(imageName) ? { imageName: nameRule } : {}),
    ...(form.diskSize !== '' && takesSize(variants) ? sizeProblem(form) : {}),
  };
}

function sizeProblem({ diskSize, diskUnit }: FormState): Problems {
  const size = Number(diskSize) * mebibytesOf[diskUnit];
  if (!/^[0-9]+$/.test(diskSize)) return { diskSize: 'It must be a whole number.' };
  if (size < 64) return { diskSize: 'A system needs at least 64 MiB.' };
  return size > 16 * 1024 * 1024 ? { diskSize: 'It can be 16 TiB at most.' } : {};
}
