import { defineConfig } from 'vitest/config';

/** Installs the packages on a booted Debian: needs root and scripts/install-peers. One check after the other. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.system.ts'],
    globalSetup: ['test/system/build.ts'],
    reporters: ['verbose'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
