return require "parts.cycle"
