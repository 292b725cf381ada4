import { configTarget } from './config.ts';
import { controlTarget } from './control.ts';
import { headerTarget } from './header.ts';
import { replyTarget } from './reply.ts';
import { submissionTarget } from './submission.ts';
import type { Target } from './target.ts';

export const TARGETS: Readonly<Record<string, Target>> = {
  submission: submissionTarget,
  reply: replyTarget,
  config: configTarget,
  header: headerTarget,
  control: controlTarget,
};
