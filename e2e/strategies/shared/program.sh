#!/bin/sh
echo program
