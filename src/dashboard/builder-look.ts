import type { BuilderStatusReply } from '../http/schemas.ts';

type BuilderState = BuilderStatusReply['state'];

interface BuilderLook {
  label: string;
  tone: 'calm' | 'live' | 'good' | 'bad' | 'quiet';
  /** For people who wonder what that means. */
  meaning: string;
}

export const builderLook: Record<BuilderState, BuilderLook> = {
  absent: {
    label: 'Not started',
    tone: 'quiet',
    meaning: 'It starts with the next build, or when you say so.',
  },
  preparing: { label: 'Preparing', tone: 'live', meaning: 'What the first start needs is being made.' },
  starting: { label: 'Starting', tone: 'live', meaning: 'Builds wait until it is ready.' },
  ready: { label: 'Ready', tone: 'good', meaning: 'The next build begins at once.' },
  busy: { label: 'Building', tone: 'live', meaning: 'It is at work on a build.' },
  stopping: { label: 'Stopping', tone: 'calm', meaning: 'It is being powered down cleanly.' },
  lost: { label: 'Lost', tone: 'bad', meaning: 'The next build starts it anew.' },
};
