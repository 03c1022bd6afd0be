"""A package, so that pytest keeps the browser and the installation for as long as its tests go on."""
