/** The library is served beside our own files (src/dashboard/web-files.ts). */
export { default } from 'uplot';
