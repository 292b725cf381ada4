import {
  type Preset,
  presetHost,
  presetNames,
  readPreset,
  regionOfHost,
} from '../config/presets.ts';

export interface KnownProvider {
  readonly name: string;
  readonly preset: Preset;
  /** Needed to arrive at the same host; null when the preset's usual host is meant. */
  readonly region: string | null;
  /** The host has to be named besides: the preset alone leads to another one. */
  readonly ownHost: boolean;
}

/** The preset that knows a host, by its name. */
export function providerOf(host: string): KnownProvider | null {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  for (const name of presetNames()) {
    const preset = readPreset(name);
    const known = preset === null ? null : match(preset, wanted);
    if (preset !== null && known !== null) return { name, preset, ...known };
  }
  return null;
}

function match(
  preset: Preset,
  host: string,
): { readonly region: string | null; readonly ownHost: boolean } | null {
  if (preset.host === host) return { region: null, ownHost: false };
  const place = Object.entries(preset.hosts).find(([, other]) => other === host)?.[0];
  if (place !== undefined) return { region: place, ownHost: false };
  const region = regionOfHost(preset, host);
  if (region === null) return null;
  const usual = presetHost(preset, region);
  return { region, ownHost: !('host' in usual) || usual.host !== host };
}
