/** `yo makina-image:new`, which is `yo makina-image` */
export { default } from '../app/index.ts';
