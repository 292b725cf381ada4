import { setFlagsFromString } from 'node:v8';

/*
 * Tests start dozens of threads from TypeScript sources, and Node strips types with a WebAssembly
 * module that all of them share. Its V8 (13.6) now and then crashes when one thread replaces a call
 * wrapper of that module while others come and go (SIGSEGV below Runtime_TierUpWasmToJSWrapper).
 * The built daemon strips nothing.
 */
setFlagsFromString('--wasm-wrapper-tiering-budget=1000000000');
