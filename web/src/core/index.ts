/** The auditor without a page: everything that finds, names, counts and shares out facings. */

export * from './config'
export * from './detections'
export * from './bundle'
export * from './auditor'
export * from './share'
export * from './rows'
export * from './looks'
export * from './gallery'
export * from './colors'
export * from './naming'
export * from './text'
