export { happened } from '../parts/happenings.js'
