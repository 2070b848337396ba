import { expect, test } from 'vitest';
import { hasOwnRuntime } from '../../generators/lib/model/runtime.ts';
import { ownBaseImage } from '../../generators/lib/model/schema.ts';

test.each([
  [ownBaseImage, false],
  ['makina-image-base:0.3', false],
  ['makina-image-base:1.12', false],
  ['makina-image-base:0.2', true],
  ['makina-image-base:0.1', true],
  ['registry.example.com/makina-image-base:0.3', true],
  ['my/makina-states:v2', true],
])('a project on %s has a run-time of its own: %s', (base_image, has) => {
  expect(hasOwnRuntime({ base_image, runtime: undefined })).toBe(has);
  expect(hasOwnRuntime({ base_image, runtime: 'vendored' })).toBe(true);
  expect(hasOwnRuntime({ base_image, runtime: 'base' })).toBe(false);
});
