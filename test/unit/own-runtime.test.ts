import { expect, test } from 'vitest';
import { hasOwnRuntime } from '../../generators/lib/model/runtime.ts';
import { ownBaseImage } from '../../generators/lib/model/schema.ts';

test.each([
  [ownBaseImage, false],
  ['makina-image-base:0.3', false],
  ['makina-image-base:1.12', false],
  ['makina-image-base:0.2', true],
  ['makina-image-base:0.1', true],
  ['makina-image-base', false],
  ['makina-image-base:latest', false],
  ['makina-image-base:0.3-debian-12', false],
  ['makina-image-base:0.21', false],
  ['makina-image-base:0.2.0', true],
  ['makina-image-base:0.2-debian-12', true],
  ['makina-image-base:0.1_mine', true],
  ['makina-image-base-of-mine', true],
  ['makina-image-base@sha256:0', true],
  ['registry.example.com/makina-image-base:0.3', true],
  ['my/makina-states:v2', true],
])('a project on %s has a runtime of its own: %s', (base_image, has) => {
  expect(hasOwnRuntime({ base_image, runtime: undefined })).toBe(has);
  expect(hasOwnRuntime({ base_image, runtime: 'vendored' })).toBe(true);
  expect(hasOwnRuntime({ base_image, runtime: 'base' })).toBe(false);
});
