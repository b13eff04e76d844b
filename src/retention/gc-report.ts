import { z } from 'zod';

export const gcReport = z.object({
  dryRun: z.boolean(),
  items: z.array(
    z.object({
      kind: z.enum(['build', 'source', 'leftover', 'builder-folder', 'builder-store']),
      name: z.string(),
      bytes: z.number().describe('What it takes of the disk'),
      why: z.string(),
    }),
  ),
  bytes: z.number().describe('What goes, or would go, of this machine’s disks and the builder’s together'),
  notes: z.array(z.string()).describe('What could not be looked at, or not be removed'),
});

/** What a collection of garbage has removed, or would remove. */
export type GcReport = z.infer<typeof gcReport>;
